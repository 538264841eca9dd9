// The desk on its disk and its network: nodes' exchanges in, the root's out, and the journal before either answers.
import Commands
import HTTP
import Journal
import Kernel
import Ledger
import LedgerWire
import Reactor
import Serving
import Settings
import Telemetry
import Units

/// Used on the desk's thread only.
final class BrokerIssuer: MoneyIssuer {
    /// This one, for answers of the root, which come by way of another thread. No other thread looks into it.
    private final class Place: @unchecked Sendable { weak var issuer: BrokerIssuer? }

    private let context: BrokerContext
    private let reactor: Reactor
    private let journal: BrokerJournal
    private(set) var desk: BrokerDesk
    /// Rows that the journal did not take: no promise leaves before they are there.
    private var owed: BrokerRows?
    /// What waits for those.
    private var behindOwed: [() -> Void] = []
    /// Told when what the root is to hear before the end was heard, or cannot be any more.
    private var onLeft: (() -> Void)?
    private var leavesAt = Instant.distantFuture
    private var isServing: Bool?
    private let place = Place()
    private var random: Randomness
    var onBroken: () -> Void = {}

    /// Leases, days and what the root is asked for are looked at so often.
    private static let turn = Interval.milliseconds(50)
    /// An end in order waits so long for the root: some exchanges.
    private static let patience = Interval.seconds(2)

    init(_ context: BrokerContext, on reactor: Reactor, metrics: JournalMetrics) throws(Failure) {
        self.context = context
        self.reactor = reactor
        var seeds = SystemRandomNumberGenerator()
        random = Randomness(seed: seeds.next())
        let settings = context.settings
        var limits = BrokerLimits(window: settings.leases.window, reserve: .zero, idle: settings.leases.idle)
        limits.aheadSeconds = settings.leases.ahead.wholeMilliseconds / 1_000
        let memory = try BrokerJournal.read(settings.journal)
        let (boottime, wall) = Kernel.boottimeAndWallNow()
        do {
            desk = try BrokerDesk(
                memory, start: context.start, boot: Kernel.boot(), limits: BrokerDesk.Limits(broker: limits),
                seed: seeds.next(), wall: wall, at: boottime)
        } catch {
            throw Failure("journal.directory: the rows do not make a book: \(error)")
        }
        if let session = desk.ledger?.session {
            context.log.notice(
                "goes on with the session of an earlier start",
                [
                    "session": .string("\(session.rawValue)"),
                    "accounts": .integer(desk.money.count),
                    "nodes": .integer(desk.ledger?.nodes.count ?? 0),
                ])
        }
        journal = try BrokerJournal(
            context, BrokerJournal.pieces(of: desk), on: reactor, metrics: metrics)
    }

    private var now: Instant { Kernel.boottimeNow() }

    func start() {
        place.issuer = self
        tick()
    }

    /// Takes nothing more, gives back what no node has, and calls back when the journal is closed.
    func stop(_ done: @escaping () -> Void) {
        desk.leave(at: now)
        leavesAt = now + Self.patience
        onLeft = { [journal] in journal.whenDurable { journal.close(done) } }
        keep()
        say()
        judgeLeaving()
    }

    private func judgeLeaving() {
        guard let onLeft, desk.hasGivenBack || now >= leavesAt else { return }
        if !desk.hasGivenBack {
            context.log.warning(
                "the root has not answered; what no node has stays with this broker's session")
        }
        self.onLeft = nil
        onLeft()
    }

    // MARK: Nodes

    func ask(_ commands: [RootCommand], _ done: @escaping (IssuerOutcome) -> Void) -> Bool {
        guard owed == nil, journal.hasRoom, let answers = desk.take(commands, at: now) else {
            return false
        }
        keep()
        // Never within this call: an answer is held first.
        let isSet = reactor.timer(at: reactor.now) { [weak self] in
            self?.whenKept { done(.answered(answers)) }
        }
        guard isSet != nil else { return false }
        say()
        return true
    }

    func candidate(_ holder: HolderNumber) -> LedgerSession { LedgerSession(0) }
    func nonce() -> UInt64 { random.next() | 1 }
    var epoch: Epoch { Epoch(0) }

    var takesMessages: Bool { desk.serves(at: now) }

    func auditCall(for holder: HolderNumber) -> AuditCall? { desk.auditCall }

    func decline(_ response: inout Response) {
        response.header("retry-after", "1")
        response.problem(
            .serviceUnavailable,
            "this broker has no lease of its root at the moment, or too much to do; ask the other one, or again"
        )
    }

    /// Puts what changed into the journal. What that does not take now is owed.
    private func keep() {
        if let rows = owed {
            guard journal.append(rows) else { return }
            owed = nil
            for body in behindOwed { journal.whenDurable(body) }
            behindOwed.removeAll()
        }
        let rows = desk.takeTouched()
        guard !rows.isEmpty else { return }
        if !journal.append(rows) {
            context.log.error("the journal takes nothing; nodes are declined until it does")
            owed = rows
        }
    }

    /// Calls back when all that the desk has done is durable.
    private func whenKept(_ body: @escaping () -> Void) {
        if owed == nil { journal.whenDurable(body) } else { behindOwed.append(body) }
    }

    // MARK: The root

    private func say() {
        guard owed == nil else { return }
        let sayings = desk.next(at: now)
        guard !sayings.isEmpty else { return }
        // What was given back, and which renewal this is, must not be forgotten once it was said.
        journal.whenDurable { [self] in
            context.link.say(sayings) { [place, remote = reactor.remote] outcome in
                _ = remote.post { _ in place.issuer?.hear(outcome) }
            }
        }
    }

    private func hear(_ outcome: IssuerLink.Outcome) {
        let before = desk.ledger?.session
        switch outcome {
        case .answered(let words, let audit): desk.answered(words, audit: audit, at: now)
        case .unanswered: desk.unanswered(at: now)
        }
        if let before, desk.ledger?.session != before {
            let by = desk.lost?.by
            let fields: LogFields = [
                "session": .string("\(before.rawValue)"), "cause": .string(by?.rawValue ?? "none"),
            ]
            if by == .cloned {
                context.log.critical(
                    "another process goes on from a copy of this broker's journal, and the root renews neither: end the one that is not to run, and take its journal away",
                    fields)
            } else {
                context.log.error(
                    "the root does not renew this broker's session any more; another one is opened", fields)
            }
        }
        keep()
        judgeReadiness()
        say()
        judgeLeaving()
    }

    private func judgeReadiness() {
        let serves = desk.serves(at: now)
        guard serves != isServing, !desk.isLeaving else { return }
        isServing = serves
        context.health.set(
            "root", serves ? .ready : .notReady("no lease of the root: nodes are declined"))
        if serves {
            context.log.notice("the root has given a lease; nodes are served")
        } else {
            context.log.warning("there is no lease of the root; nodes are declined")
        }
    }

    // MARK: Time

    private func tick() {
        if reactor.timer(at: reactor.now + Self.turn, { [weak self] in self?.tick() }) == nil {
            context.log.critical("the reactor has no timer left for the desk")
        }
        let (boottime, wall) = Kernel.boottimeAndWallNow()
        desk.turn(wall: wall, at: boottime)
        keep()
        if journal.isImageDue, owed == nil { journal.write(BrokerJournal.pieces(of: desk)) }
        judgeReadiness()
        say()
        judgeLeaving()
        context.view.state = BrokerState(desk)
        if desk.isBroken {
            context.log.critical(
                "the machine's clocks have parted, so that the lease cannot be counted any more; the broker leaves"
            )
            onBroken()
        }
    }
}
