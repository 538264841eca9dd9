// One session after another in a running node, as a restart has it: the shards rest, their journals go on as the next session's, what the
// former one left is read back from them, and the shards go on with that.
import Catalog
import Commands
import Decision
import Kernel
import Ledger
import LedgerWire
import Serving
import Synchronization
import Telemetry
import Units

/// Used by the main thread once: resting → passed, each shard's journal is another session's → read → going on. A node that does not come
/// through in time ends in order, which a start can go on from at each of these places.
struct SessionChange {
    private let money: NodeMoney
    private let context: NodeContext
    private let former: NodeLedger
    private let why: String
    private let end: Instant

    /// A commit of each journal, and one pass over what was not read of them yet.
    private static let patience = Interval.seconds(10)
    private static let look = Interval.milliseconds(2)

    init(_ money: NodeMoney, _ context: NodeContext, after former: NodeLedger, _ why: String) {
        (self.money, self.context, self.former, self.why) = (money, context, former, why)
        end = Kernel.monotonicNow() + Self.patience
    }

    func run() throws(Failure) {
        let began = Kernel.monotonicNow()
        _ = try onEachShard("rest") { money -> Bool? in
            money.rest()
            return true
        }
        // Later than anything that the former one has spent.
        let session = LedgerSession(
            max(UInt64(clamping: former.clock.now.nanoseconds), former.session.rawValue + 1))
        _ = try onEachShard("end the session in its journal") { [context] money -> Bool? in
            money.pass(to: session) { $0.noteStart(context, driver: $1) } ? true : nil
        }
        let ends = try onEachShard("have the session's end on the disk") { $0.passed }
        let next = try read(session, ends)
        try start(next)
        context.log.notice(
            "another session with the issuer has begun",
            [
                "cause": .string(why), "openReservations": .integer(next.opening.open.count),
                "marksInDoubt": .integer(next.opening.doubts.count),
                "tookMilliseconds": .integer(Int((Kernel.monotonicNow() - began).wholeMilliseconds)),
            ])
    }

    private func read(_ session: LedgerSession, _ ends: [UInt64]) throws(Failure) -> NodeLedger {
        let places = Dictionary(uniqueKeysWithValues: ends.enumerated().map { ("shard-\($0)", $1) })
        var next: NodeLedger?
        while true {
            let isRead = try money.keeper.read(upTo: places) { listener throws(Failure) in
                next = try NodeLedger(
                    context.settings, listener, shards: context.shards, context.log,
                    after: (former, session))
            }
            if isRead, let next { return next }
            try pause("read the journals")
        }
    }

    private func start(_ next: NodeLedger) throws(Failure) {
        guard let catalogs = context.catalogs, let serving = catalogs.serving else { return }
        try next.start(catalogs.decisions.campaignTerms(serving.snapshot))
        money.took(next)
        former.isFollowed()
        _ = try onEachShard("go on") { money -> Bool? in
            money.goOn(with: next)
            return true
        }
        // One that was exchanged meanwhile told the former session of its budgets.
        if let later = catalogs.serving, later.snapshot.version != serving.snapshot.version {
            next.change(catalogs.decisions.campaignTerms(later.snapshot))
        }
    }

    /// Runs on each shard's thread until it answers.
    private func onEachShard<Answer: Sendable>(
        _ step: String, _ body: @escaping @Sendable (ShardMoney) -> Answer?
    ) throws(Failure) -> [Answer] {
        var answers: [Answer] = []
        for shard in 0..<context.shards {
            while true {
                let answer = Answered<Answer>()
                if former.run(on: shard, { answer.take(body($0)) }) {
                    while !answer.isThere { try pause(step) }
                    if let value = answer.value {
                        answers.append(value)
                        break
                    }
                }
                try pause(step)
            }
        }
        return answers
    }

    private func pause(_ step: String) throws(Failure) {
        guard Kernel.monotonicNow() < end else {
            throw Failure("the shards did not \(step) within \(Self.patience.wholeMilliseconds / 1_000) s")
        }
        Kernel.sleep(for: Self.look)
    }
}

/// What a shard's thread answered, if it has.
private final class Answered<Value: Sendable>: Sendable {
    private let state = Mutex<(isThere: Bool, value: Value?)>((false, nil))

    func take(_ value: Value?) { state.withLock { $0 = (true, value) } }

    var isThere: Bool { state.withLock { $0.isThere } }
    var value: Value? { state.withLock { $0.value } }
}
