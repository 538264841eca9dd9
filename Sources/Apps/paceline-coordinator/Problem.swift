// Answers that are no: problem details as RFC 9457 has them, and bodies as JSON.
import Documents
import HTTP
import Ledger
import LedgerStore
import Serving
import Units

extension Response {
    mutating func json(_ tree: JSONTree) {
        contentType = "application/json"
        write(tree.line)
        write("\n")
    }

    mutating func problem(_ status: Status, _ title: String, _ more: [JSONTree.Member] = []) {
        self.status = status
        contentType = "application/problem+json"
        write(
            JSONTree.object(
                [
                    .init("type", "about:blank"), .init("title", .string(title)),
                    .init("status", .number(status.code)),
                ] + more
            ).line)
        write("\n")
    }

    /// Where the leader is, as far as this process knows.
    mutating func notLeader(_ root: Root) {
        header("retry-after", "1")
        let leader: JSONTree =
            root.leader.map {
                [
                    "name": .string($0.name), "address": .string($0.address),
                    "epoch": .string("\($0.row.epoch.rawValue)"),
                ]
            } ?? .null
        problem(
            .serviceUnavailable,
            "this coordinator does not lead, or has too much to do; ask the leader, or again",
            [.init("leader", leader)])
    }
}

extension Malformed {
    var members: [JSONTree.Member] { [.init("field", .string(place)), .init("allowed", .string(allowed))] }
}
