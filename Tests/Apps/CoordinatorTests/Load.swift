// Holders that ask for money and settle it, and write down what they were told.
import Foundation
import Synchronization

/// One holder: opens a session, registers a node below it, and asks and settles in turn until it is told to stop. What gets no
/// answer it says again, as it was.
final class Holder: @unchecked Sendable {
    private let pair: Pair
    private let number: Int
    private let accounts: [Int]
    private let isOver = Atomic<Bool>(false)
    private let done = DispatchSemaphore(value: 0)
    private(set) var history = History()
    private var port: UInt16

    init(_ number: Int, _ pair: Pair, accounts: [Int]) {
        self.number = number
        self.pair = pair
        self.accounts = accounts
        port = pair.all[0].port
        Thread.detachNewThread { [self] in
            run()
            done.signal()
        }
    }

    /// Its history, when its last request is answered.
    func end() -> History {
        isOver.store(true, ordering: .releasing)
        done.wait()
        return history
    }

    /// Says it until a leader answers; nil where it is over before.
    private func say(_ messages: [String]) -> [[[String: Any]]]? {
        let body =
            "{\"version\":1,\"holder\":\"broker-\(number)\",\"messages\":[\(messages.joined(separator: ","))]}"
        while true {
            let answer = ask(port, "POST /v1/ledger", body)
            if let answer, answer.status == 200, let answers = answer.json["answers"] as? [[[String: Any]]] {
                return answers
            }
            history.unanswered += 1
            if isOver.load(ordering: .acquiring) { return nil }
            port = port == pair.all[0].port ? pair.all[1].port : pair.all[0].port
            usleep(20_000)
        }
    }

    private func run() {
        guard let opened = say(["{\"open\":{\"start\":\"\(1_000 + number)\"}}"]),
            let session = (opened[0].first?["opened"] as? [String: Any])?["session"] as? String
        else { return }
        let node = "\(70_000 + number)"
        guard say(["{\"register\":{\"session\":\"\(session)\",\"node\":\"\(node)\"}}"]) != nil else { return }
        var upTo: Int64 = 0
        var settled: UInt64 = 0
        while !isOver.load(ordering: .acquiring) {
            upTo += 5_000
            let block = Int(settled / 64)
            let keys = settled % 64 + 1
            let mask = keys == 64 ? UInt64.max : (UInt64(1) << keys) - 1
            let paid = Int64(keys) * 1_000
            settled += 1
            let messages = accounts.flatMap { account in
                [
                    "{\"request\":{\"session\":\"\(session)\",\"account\":\(account),\"upTo\":\(decimal(upTo))}}",
                    "{\"settle\":{\"session\":\"\(session)\",\"node\":\"\(node)\",\"account\":\(account),\"shard\":0,"
                        + "\"block\":\(block),\"mask\":\"\(mask)\",\"paid\":\(decimal(paid)),\"late\":0}}",
                ]
            }
            guard let answers = say(messages) else { return }
            for (index, account) in accounts.enumerated() {
                if let granted = answers[2 * index].first?["granted"] as? [String: Any],
                    let sum = granted["upTo"] as? NSNumber
                {
                    history.grants.append(
                        .init(
                            session: session, account: account,
                            upTo: Int64((sum.doubleValue * 1_000_000).rounded())))
                }
                if answers[2 * index + 1].contains(where: { $0["settled"] != nil }) {
                    history.blocks.append(
                        .init(node: node, account: account, number: block, mask: mask, paid: paid))
                }
            }
        }
    }

    private func decimal(_ micros: Int64) -> String {
        let rest = "\(micros % 1_000_000)"
        return "\(micros / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }
}
