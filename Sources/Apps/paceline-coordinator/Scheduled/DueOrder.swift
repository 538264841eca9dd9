// A scheduled change whose time has come: made as it would be if somebody asked for it now, and settled in the same transaction, so
// that it is made once whoever leads and whatever is known of a commit.
import Catalog
import CatalogWire
import Documents
import HTTP
import Postgres
import Units

struct DueOrder: ChangeOrder {
    let number: Int64
    let due: Instant
    let order: CatalogOrder
    /// Who makes it.
    let coordinator: String

    init(_ change: ScheduledChange, key: String, by coordinator: String) {
        number = change.number
        due = change.due
        self.coordinator = coordinator
        order = CatalogOrder(
            edit: change.edit, condition: change.condition, key: key,
            digest: BlobDigest(of: Array("scheduled \(change.number)".utf8)), who: change.who,
            note: change.note,
            scheduled: change.number)
    }

    var kind: PublicationKind? { .catalog }
    var name: String { order.name }
    var who: String { order.who }
    var key: String { order.key }

    var questions: PostgresBatch {
        var batch = order.questions
        batch.add(ScheduledStatements.state, .int8(number))
        return batch
    }

    func draft(of found: [PostgresRows]) -> ChangeOutcome {
        do {
            guard found[4].count == 1 else {
                return .answered(ChangeAnswer(status: .ok, version: number, body: "{}"))
            }
            guard try found[4][0].read(0, as: String.self) == "waiting" else {
                return try settled(found[4][0])
            }
        } catch {
            return .refused(OrderRefusal(.internalServerError, "its state could not be read: \(error)"))
        }
        switch order.draft(of: found) {
        case .draft(let draft):
            return .draft(
                ChangeDraft(number: draft.number, answer: draft.answer) { [self] stamp in
                    // Its audit entries are those of the change itself.
                    var made = settling("made", draft.number, nil, "", stamp)
                    made.add(draft.writing(stamp))
                    return made
                })
        case .answered(let answer):
            // It is so already: nothing is published.
            var draft = ChangeDraft(number: number, answer: answer) { [self] stamp in
                settling("made", nil, nil, "\(name): it was so already", stamp, isAlone: true)
            }
            draft.isOfSchedule = true
            return .draft(draft)
        case .refused(let refusal) where refusal.status.code < 500:
            let reason = JSONTree.object(
                [
                    .init("status", .number(refusal.status.code)), .init("title", .string(refusal.title)),
                ] + refusal.members)
            var draft = ChangeDraft(
                number: number, answer: ChangeAnswer(status: .ok, version: number, body: "{}")
            ) { [self] stamp in
                settling("refused", nil, reason, "refuse \(name)", stamp, isAlone: true)
            }
            draft.refusal = refusal.title
            draft.isOfSchedule = true
            return .draft(draft)
        case .refused(let refusal):
            // Of the database or of us, and not of the change: it is tried again.
            return .refused(refusal)
        case .written(let draft): return .written(draft)
        }
    }

    /// It does not wait any more: cancelled meanwhile, or settled by a try of ours whose outcome was not known.
    private func settled(_ row: PostgresRow) throws -> ChangeOutcome {
        let answer = ChangeAnswer(status: .ok, version: number, body: "{}")
        guard try row.read(2, as: String?.self) == author else {
            return .answered(answer)
        }
        let version: Int64? = try row.read(4)
        var draft = ChangeDraft(number: version ?? number, answer: answer) { _ in PostgresBatch() }
        draft.isOfSchedule = version == nil
        draft.at = try row.read(3)
        // Also where somebody has dismissed it by now.
        draft.refusal = try row.read(5)
        return .written(draft)
    }

    private var author: String { AuditName.coordinator(coordinator) }

    private func settling(
        _ state: String, _ version: Int64?, _ reason: JSONTree?, _ deed: String, _ stamp: ChangeStamp,
        isAlone: Bool = false
    ) -> PostgresBatch {
        var made = PostgresBatch()
        made.add(
            ScheduledStatements.settle, .int8(number), .text("waiting"), .text(state),
            version.map { .int8($0) } ?? .null, reason.map { .text($0.line) } ?? .null,
            .timestamptz(stamp.at),
            .text(author), .text(deed))
        if isAlone { made.add(ScheduledStatements.requireLeader, values: stamp.leader) }
        return made
    }
}
