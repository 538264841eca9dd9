// A change of the catalog is kept for its time: tried now against the catalog as it is, and refused now where it would be.
import Catalog
import CatalogWire
import Documents
import HTTP
import Postgres
import Serving
import Units

struct ScheduleOrder: ChangeOrder {
    /// To be tried only, under the key of whoever asks.
    let order: CatalogOrder
    let due: Instant
    /// When it came: a time that is over by then is refused, but for a repetition of what was kept.
    let asked: Instant

    /// More than a house plans by hand; who has more sends one file.
    static let waitingMost: Int64 = 1_000
    /// All bodies that wait: eight of the largest.
    static let bytesMost = 8 * Int64(CatalogDraft.textMost)
    /// A year and a day: beyond it nobody remembers what the change was for.
    static let ahead = Interval.seconds(366 * 86_400)

    var kind: PublicationKind? { .catalog }
    var name: String { "schedule \(order.name)" }
    var who: String { order.who }
    var key: String { order.key }

    var questions: PostgresBatch {
        var batch = order.questions
        batch.add(ScheduledStatements.room)
        return batch
    }

    func draft(of found: [PostgresRows]) -> ChangeOutcome {
        ChangeOutcome(found[0], order.digest) {
            guard due > asked else {
                throw OrderRefusal(
                    .badRequest, "the request is not one", Self.malformed(at: asked).members)
            }
            return switch order.draft(of: found) {
            case .refused(let refusal): throw refusal
            case .draft(let draft), .written(let draft): .draft(draft)
            case .answered(let tried): try kept(tried, found[4][0])
            }
        }
    }

    static func malformed(at now: Instant) -> Malformed {
        Malformed(
            place: "at",
            allowed:
                "an instant such as 2026-12-01T00:00:00Z or 2026-12-01T00:00:00-05:00, later than \(Timestamp.text(now)) and at most \(ahead.wholeMilliseconds / 86_400_000) days ahead"
        )
    }

    private func kept(_ tried: ChangeAnswer, _ room: PostgresRow) throws -> ChangeOutcome {
        let (former, waiting, bytes): (Int64, Int64, Int64) = (
            try room.read(0), try room.read(1), try room.read(2)
        )
        let parts = order.edit.parts
        guard waiting < Self.waitingMost, bytes + Int64(parts.body.count) <= Self.bytesMost else {
            throw OrderRefusal(
                .conflict,
                "\(waiting) changes of \(bytes) bytes wait for their time, of at most \(Self.waitingMost) and \(Self.bytesMost); cancel some, or send several as one file"
            )
        }
        let effects = try JSONTree(reading: Array(tried.body.utf8))
        let answer = ChangeAnswer(
            status: .accepted, version: former + 1,
            body: JSONTree.object([
                .init("scheduled", .string("\(former + 1)")), .init("at", .string(Timestamp.text(due))),
                .init("what", .string(parts.deed)), .init("kind", parts.kind.map { .string($0) } ?? .null),
                .init("id", parts.id.map { .string($0) } ?? .null),
                .init("published", effects["published"] ?? .null),
                .init("isChanged", effects["isChanged"] ?? .null),
                .init("changes", effects["changes"] ?? .array([])),
                .init("unreported", effects["unreported"] ?? .number(0)),
            ]).line)
        var draft = ChangeDraft(number: former + 1, answer: answer) { [self] stamp in
            var made = PostgresBatch()
            made.add(
                ScheduledStatements.schedule,
                values: stamp.leader + [
                    .int8(former), .timestamptz(due), .text(parts.deed),
                    parts.kind.map { .text($0) } ?? .null, parts.id.map { .text($0) } ?? .null,
                    parts.target.map { .int8($0) } ?? .null, .bytea(parts.body),
                    .text(order.condition.word), order.condition.version.map { .int8($0) } ?? .null,
                    .text(who), .text(order.note), .timestamptz(stamp.at),
                ])
            made.add(remembering: answer, key, order.digest, at: stamp.at)
            return made
        }
        draft.isOfSchedule = true
        return .draft(draft)
    }
}

/// One that waits is not made any more; one that was refused needs nobody's attention any more.
struct CancelOrder: ChangeOrder {
    let number: Int64
    let role: AdminRole
    let key: String
    let digest: BlobDigest
    let who: String
    let note: String

    var kind: PublicationKind? { .catalog }
    var name: String { "cancel scheduled" }

    var questions: PostgresBatch {
        var batch = PostgresBatch.questions(key)
        batch.add(ScheduledStatements.state, .int8(number))
        return batch
    }

    func draft(of found: [PostgresRows]) -> ChangeOutcome {
        ChangeOutcome(found[0], digest) {
            guard found[1].count == 1 else {
                throw OrderRefusal(.notFound, "no such scheduled change")
            }
            let (state, deed): (String, String) = (try found[1][0].read(0), try found[1][0].read(1))
            let needed = CatalogEdit.role(ofDeed: deed)
            guard role >= needed else {
                throw OrderRefusal(
                    .forbidden, "this takes another role",
                    [.init("role", .string(role.rawValue)), .init("needed", .string(needed.rawValue))])
            }
            switch state {
            case "waiting": return settling(from: state, to: "cancelled", deed)
            case "refused": return settling(from: state, to: "dismissed", deed)
            case "made":
                throw OrderRefusal(
                    .conflict, "it was made; GET /api/v1/scheduled/\(number) says as which version",
                    [.init("state", .string(state))])
            default: return .answered(answer(state, isChanged: false))
            }
        }
    }

    private func answer(_ state: String, isChanged: Bool) -> ChangeAnswer {
        ChangeAnswer(
            status: .ok, version: number,
            body: JSONTree.object([
                .init("scheduled", .string("\(number)")), .init("state", .string(state)),
                .init("isChanged", .bool(isChanged)),
            ]).line)
    }

    private func settling(from former: String, to becomes: String, _ deed: String) -> ChangeOutcome {
        let answer = answer(becomes, isChanged: true)
        var draft = ChangeDraft(number: number, answer: answer) { [self] stamp in
            var made = PostgresBatch()
            let word = becomes == "cancelled" ? "cancel scheduled" : "dismiss scheduled"
            let why: JSONTree = ["note": .string(note)]
            made.add(
                ScheduledStatements.settle, .int8(number), .text(former), .text(becomes), .null,
                .text(why.line), .timestamptz(stamp.at), .text(who), .text("\(word) \(deed)"))
            made.add(remembering: answer, key, digest, at: stamp.at)
            made.add(ScheduledStatements.requireLeader, values: stamp.leader)
            return made
        }
        draft.isOfSchedule = true
        return .draft(draft)
    }
}
