// A change of the models, as somebody asked for it: a package that is sent, or another turn in which who serves what is something else.
import CatalogWire
import Commands
import DecisionJournal
import Documents
import HTTP
import Postgres
import Units

enum ModelEdit: Sendable {
    case publish([UInt8], BlobDigest)
    case canary(package: Int64, nodes: [String])
    case promote(package: Int64)
    case rollBack(package: Int64)
    /// The coordinator's own: what was seen at the canary's nodes is reason enough.
    case takeBack(package: Int64, why: String)

    /// In the audit log.
    var name: String {
        switch self {
        case .publish: "publish"
        case .canary: "canary"
        case .promote: "promote"
        case .rollBack: "rollback"
        case .takeBack: "take back"
        }
    }

    /// 0 for one that has no number yet.
    fileprivate var package: Int64 {
        switch self {
        case .publish: 0
        case .canary(let package, _), .promote(let package), .rollBack(let package),
            .takeBack(let package, _):
            package
        }
    }
}

struct ModelOrder: ChangeOrder {
    let edit: ModelEdit
    let condition: ChangeCondition
    let key: String
    /// Of all that is asked.
    let digest: BlobDigest
    let who: String
    let note: String

    var kind: PublicationKind? { .models }
    var name: String { edit.name }

    var questions: PostgresBatch {
        var batch = PostgresBatch.questions(key)
        batch.add(ModelStatements.number)
        batch.add(ModelStatements.turn)
        if case .publish(_, let blob) = edit {
            batch.add(ModelStatements.same, .bytea(blob.bytes))
        } else {
            batch.add(ModelStatements.package, .int8(edit.package))
        }
        return batch
    }

    func draft(of found: [PostgresRows]) -> ChangeOutcome {
        ChangeOutcome(found[0], digest) {
            switch edit {
            case .publish(let bytes, let blob): try package(bytes, blob, found)
            default: try turn(found)
            }
        }
    }

    // MARK: A package

    private func package(
        _ bytes: [UInt8], _ blob: BlobDigest, _ found: [PostgresRows]
    ) throws -> ChangeOutcome {
        if found[3].count == 1 {
            let number: Int64 = try found[3][0].read(0)
            return .answered(
                ChangeAnswer(status: .ok, version: number, body: Self.body(number, isChanged: false)))
        }
        let directory: ModelDirectory
        do throws(Failure) {
            directory = try ModelPackage.read(bytes)
        } catch {
            throw OrderRefusal(
                .unprocessableContent, "the package would not be accepted",
                [.init("field", "the body"), .init("allowed", .string(error.message))])
        }
        let former: Int64 = try found[1][0].read(0)
        let contents = directory.contents
        let answer = ChangeAnswer(
            status: .created, version: former + 1, body: Self.body(former + 1, isChanged: true))
        return .draft(
            ChangeDraft(number: former + 1, answer: answer) { [self] stamp in
                var made = PostgresBatch()
                made.add(keeping: bytes, blob, at: stamp.at)
                made.add(
                    ModelStatements.publish,
                    values: stamp.leader + [
                        .int8(former), .bytea(blob.bytes), .int8(Int64(bytes.count)),
                        .int8(Int64(ModelPackage.format)), .timestamptz(stamp.at), .text(who), .text(note),
                        .text(contents.line),
                    ])
                made.add(remembering: answer, key, digest, at: stamp.at)
                return made
            })
    }

    private static func body(_ number: Int64, isChanged: Bool) -> String {
        JSONTree.object([
            .init("version", .string("\(number)")), .init("package", .number(number)),
            .init("isChanged", .bool(isChanged)),
        ]).line
    }

    // MARK: A turn

    /// Who serves what.
    private struct Turn: Equatable {
        var everybody: Int64
        var canary: Int64?
        var nodes: [String]

        init(everybody: Int64, canary: Int64?, nodes: [String]) {
            (self.everybody, self.canary, self.nodes) = (everybody, canary, nodes)
        }

        init(_ row: PostgresRow) throws {
            self.init(
                everybody: try row.read(1), canary: try row.read(2),
                nodes: try JSONTree(reading: Array(row.read(3, as: String.self).utf8)).texts)
        }
    }

    private func turn(_ found: [PostgresRows]) throws -> ChangeOutcome {
        let former: Int64 = try found[2].first(where: { _ in true }).map { try $0.read(0) } ?? 0
        let before = try found[2].first(where: { _ in true }).map { try Turn($0) }
        if case .takeBack(let package, _) = edit, before?.canary != package {
            throw OrderRefusal(.conflict, "package \(package) goes before no others")
        }
        try checkCondition(former)
        guard found[3].count == 1 else {
            throw OrderRefusal(
                .unprocessableContent, "no such package was published",
                [
                    .init("field", "version"),
                    .init(
                        "allowed",
                        .string("a number from 1 to \(try found[1][0].read(0, as: Int64.self))")),
                ])
        }
        let after = try after(before)
        if after == before {
            return .answered(
                ChangeAnswer(status: .ok, version: former, body: Self.body(former, after, false)))
        }
        guard try found[3][0].read(1) else {
            throw OrderRefusal(
                .unprocessableContent, "the package's bytes are not kept any more: publish it again",
                [.init("field", "version")])
        }
        let answer = ChangeAnswer(
            status: .ok, version: former + 1, body: Self.body(former + 1, after, true))
        return .draft(
            ChangeDraft(number: former + 1, answer: answer) { [self] stamp in
                var made = PostgresBatch()
                made.add(
                    ModelStatements.change,
                    values: stamp.leader + [
                        .int8(former), .timestamptz(stamp.at), .text(who), .text(edit.name),
                        .int8(edit.package), .text(reason), .int8(after.everybody),
                        after.canary.map { .int8($0) } ?? .null, .textArray(after.nodes),
                    ])
                made.add(remembering: answer, key, digest, at: stamp.at)
                return made
            })
    }

    private var reason: String { if case .takeBack(_, let why) = edit { why } else { note } }

    private func after(_ before: Turn?) throws(OrderRefusal) -> Turn {
        switch edit {
        case .canary(let package, let nodes):
            guard let before else {
                throw OrderRefusal(
                    .unprocessableContent,
                    "nothing serves that a canary could go before: promote the package",
                    [.init("field", "version")])
            }
            guard package != before.everybody else {
                throw OrderRefusal(
                    .unprocessableContent, "everybody serves package \(package)",
                    [.init("field", "version"), .init("allowed", "another package")])
            }
            return Turn(everybody: before.everybody, canary: package, nodes: nodes)
        case .promote(let package), .rollBack(let package):
            return Turn(everybody: package, canary: nil, nodes: [])
        case .takeBack(let package, _):
            return Turn(everybody: before?.everybody ?? package, canary: nil, nodes: [])
        case .publish: preconditionFailure("a package that is sent is no turn")
        }
    }

    private func checkCondition(_ former: Int64) throws(OrderRefusal) {
        let shown: [JSONTree.Member] = [.init("version", former == 0 ? .null : .string("\(former)"))]
        switch condition {
        case .absent where former != 0:
            throw OrderRefusal(.preconditionFailed, "models are served already", shown)
        case .present where former == 0:
            throw OrderRefusal(.preconditionFailed, "no models are served yet", shown)
        case .version(let wanted) where wanted != former:
            throw OrderRefusal(.preconditionFailed, "who serves what is not as you saw it", shown)
        case .nothing, .absent, .present, .version: break
        }
    }

    private static func body(_ turn: Int64, _ now: Turn, _ isChanged: Bool) -> String {
        JSONTree.object([
            .init("version", .string("\(turn)")), .init("everybody", .number(now.everybody)),
            .init("canary", now.canary.map { .number($0) } ?? .null),
            .init("nodes", .array(now.nodes.map { .string($0) })), .init("isChanged", .bool(isChanged)),
        ]).line
    }
}
