// The answer of a coordinator that does not lead.
import Documents
import HTTP
import Ledger
import LedgerStore
import Serving
import Units

extension Response {
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
