// A root that is the real machine, without a database: every batch is acknowledged at once.
import Ledger
import Testing
import Units

/// A root that leads, as holders see it over a wire that may lose what is said or what is answered.
struct TestRoot {
    var machine: RootLedger
    private var sessions: UInt64 = 1_000
    private var nonces: UInt64 = 1
    private var orders = 0
    private var keptAt: Instant
    let holder = HolderNumber(3)

    /// - Parameter holders: whom an audit asks, as bits.
    init(at now: Instant, holders: UInt64 = 0) {
        keptAt = now
        var limits = RootLedger.Limits(
            leadership: .seconds(6), renewal: .seconds(1), lease: .seconds(60), horizon: .seconds(3_600))
        limits.holders = holders
        machine = RootLedger(limits)
        let row = LeadershipRow(epoch: Epoch(0), renewals: 0)
        machine.saw(row, at: Instant(nanoseconds: now.nanoseconds - 20_000_000_000))
        machine.saw(row, at: now)
        _ = machine.acknowledged(at: now)
        var content = RootContent()
        // The claim is there.
        content.number = 1
        do { try machine.loaded(content, at: now) } catch { Issue.record("an empty book: \(error)") }
    }

    /// One batch: its answers, when it is acknowledged.
    mutating func run(_ commands: [RootCommand], at now: Instant) -> [RootAnswer] {
        keep(at: now)
        let isTaken = machine.ask(commands, ticket: 7, at: now)
        #expect(isTaken)
        var answers: [RootAnswer] = []
        while machine.next(at: now) != nil {
            for one in machine.acknowledged(at: now) where one.ticket == 7 { answers = one.answers }
        }
        return answers
    }

    /// Renews the leadership each second, and lets leases run out.
    mutating func keep(at now: Instant) {
        while keptAt + .seconds(1) < now {
            keptAt = keptAt + .seconds(1)
            turn(at: keptAt)
        }
        keptAt = max(keptAt, now)
        turn(at: now)
    }

    /// One batch after the other, as long as there are any.
    mutating func turn(at now: Instant) {
        while machine.next(at: now) != nil { _ = machine.acknowledged(at: now) }
    }

    mutating func order(
        _ campaign: String, budget: Int64, currency: CurrencyCode = .usd, at now: Instant
    ) {
        orders += 1
        _ = run(
            [
                .order(
                    AccountOrder(
                        name: AccountName(campaign: campaign), currency: currency, parent: nil,
                        budget: Micros(budget), highest: Micros(10), version: nil,
                        operation: OperationRecord(key: "\(orders)", who: "test", request: "")))
            ], at: now)
    }

    mutating func hear(_ sayings: [IssuerSaying], at now: Instant) -> [[IssuerWord]] {
        run(sayings.map { command($0) }, at: now).map { words($0, now) }
    }

    private mutating func command(_ saying: IssuerSaying) -> RootCommand {
        switch saying {
        case .find(let name, let currency): return .find(name, currency)
        case .open(let start):
            sessions += 1
            return .open(start: start, holder, candidate: LedgerSession(sessions))
        case .register(let key): return .book(.leafRegistered(key), by: holder)
        case .renew(let session, let request):
            nonces += 2
            return .book(.renewalAsked(session, request, next: nonces), by: holder)
        case .request(let session, let account, let upTo):
            return .book(.requested(session, account, upTo: upTo), by: holder)
        case .giveBack(let session, let account, let sum):
            return .book(.returned(session, account, sum), by: holder)
        case .settle(let key, let block): return .book(.settled(key, block), by: holder)
        case .claim(let key, let claim): return .book(.claimed(key, claim), by: holder)
        case .close(let key, let closing): return .book(.closed(key, closing), by: holder)
        case .end(let key, let accounts): return .book(.ended(key, accounts: accounts), by: holder)
        case .look: return .look
        case .presented(let mark): return .presented(mark: mark, holder)
        case .present(var said):
            sessions += 1
            said.candidate = LedgerSession(sessions)
            return .present(said, holder)
        }
    }

    private mutating func words(_ answer: RootAnswer, _ now: Instant) -> [IssuerWord] {
        switch answer {
        case .opened(let session, _):
            machine.counts(session, at: now)
            return [.opened(session)]
        case .found(let account, let currency, let highest):
            return [.found(account, currency, highest: highest)]
        case .notFound(let reason): return [.refused(IssuerRefusal(named: "\(reason)"))]
        case .presented: return [.presented]
        case .refused(let refusal, _): return [.refused(refusal)]
        case .ordered, .refusedOrder, .leased, .taken, .entered, .refusedEntry, .auditBegan: return []
        case .book(let effects): return effects.compactMap { word($0, now) }
        case .telling(let answer, let effects):
            return effects.compactMap { word($0, now) } + words(answer, now)
        }
    }

    private mutating func word(_ effect: BookEffect, _ now: Instant) -> IssuerWord? {
        switch effect {
        case .opened(let session, _): return .opened(session)
        case .registered(let key): return .registered(key)
        case .grant(let session, let account, let upTo, let isLast):
            return .granted(session, account, upTo: upTo, isLast: isLast)
        case .acknowledgeReturn(let session, let account, let sum): return .returned(session, account, sum)
        case .acknowledgeBlock: return .settled
        case .acknowledgeClosing, .acknowledgeEnd: return .closed
        case .renew(let session, let request, let next):
            guard let length = machine.lease(session, request: request, at: now) else {
                return .refused(.leaseOver)
            }
            return .leased(session, request: request, length, next: next)
        case .fenceClone: return .refused(.cloned)
        case .refuse(let reason, _): return .refused(IssuerRefusal(named: "\(reason)"))
        case .acknowledgeClaim: return .claimed
        case .forwardClaim(let key, let claim): return .forward(key, claim)
        case .move, .alarm: return nil
        }
    }

    func places(_ campaign: Int) -> GrantBook.Account? { machine.book?.accounts[campaign] }
}
