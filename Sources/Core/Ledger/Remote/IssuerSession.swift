// A node's session with an issuer on another machine: which accounts there are, what is said, when it is said again, and
// what an answer changes. To the node's holder it is what the local issuer is; who answers, it does not care.
public import Units

/// One for each start. Events in, effects out, and exchanges: `next` gives what is to be said, and `answered` or
/// `unanswered` ends that. One exchange is under way at a time, and all sayings may be said twice.
///
/// The session: waiting, until a name of one of its accounts is durable in a journal (so that whatever is granted can be closed
/// from there) → opening → registering, as the one that spends what it holds → live → over, when the issuer does not renew
/// it any more: nothing is granted to it again, and another start begins another one.
///
/// An account: named → found, by the issuer's number for it → noted, when its name is durable: only then money is asked for
/// it. Or it is not there, or has another currency, and is asked for again.
public struct IssuerSession: Sendable {
    public enum Phase: Hashable, Sendable { case waiting, opening, registering, live, over(IssuerRefusal) }

    /// Why an account has no money, where it is not for want of it.
    public enum Trouble: String, Sendable {
        /// The issuer has not been reached yet.
        case awaited
        /// It has no such account.
        case noAccount
        /// It has it in another currency.
        case otherCurrency
    }

    public struct Limits: Hashable, Sendable {
        /// Of one exchange: a part of what one transaction of the root takes.
        public var sayings = 512
        /// After an exchange without an answer; doubled each time, up to the most.
        public var retryLeast = Interval.milliseconds(50)
        public var retryMost = Interval.seconds(2)
        public var findPause = FindPause()
        /// So much of what was spent lately is kept for the time in which no issuer answers.
        public var aheadSeconds: Int64
        /// Longer after its reservation no bill is taken.
        public var lifetime: Interval

        public init(lifetime: Interval, aheadSeconds: Int64) {
            self.lifetime = lifetime
            self.aheadSeconds = aheadSeconds
        }
    }

    struct Account: Sendable {
        let name: AccountName
        var currency: CurrencyCode?
        /// As the issuer has it.
        var foundCurrency: CurrencyCode?
        var highest = Micros.zero
        /// It is spent from now.
        var isCurrent = false
        /// The holder has been told so.
        var isOpen = false
        var number: AccountIndex?
        var trouble: Trouble? = .awaited
        var askAt = Instant(nanoseconds: .min)
        /// How often in a row it was not there.
        var misses = 0
        /// Its name is durable.
        var isNoted = false
        /// More was asked for, and nobody has answered: it may have been granted.
        var isInDoubt = false
        var ahead = MoneyAhead()
        /// By the holder.
        var returned = Micros.zero
        /// What the issuer has of that.
        var heard = Micros.zero
        var settled = Micros.zero
        var late = Micros.zero
        /// What earlier sessions left waiting, and what became of it.
        var waiting = Micros.zero
        var former = FormerSums()

        /// All that went back to the issuer.
        var back: Micros { returned + ahead.returned }
    }

    enum Topic: Hashable, Sendable {
        case find(Int)
        case session
        case renewal
        case request(Int)
        case giveBack(Int, Micros)
        case evidence(NodeEvidence.Said)
        case claim(ReservationKey)
        case presentation
        case look
    }

    public let session: LedgerSession
    let limits: Limits
    public private(set) var phase = Phase.waiting
    /// That of this session with the issuer.
    var upper = LedgerSession(0)
    var accounts: [Account] = []
    private var rows: [AccountName: Int] = [:]
    var terms: [CampaignTerms] = []
    /// By campaign, the account that is spent from.
    var current: [String: Int] = [:]
    private var nextDay = Instant.distantFuture
    var evidence: NodeEvidence
    public internal(set) var claims: NodeClaims
    private var audits = AuditSpeech()
    var chain: RenewalChain
    private var isRenewalWanted = false
    private var leasedUntil = Instant(nanoseconds: .min)
    /// Answers in a row that gave no lease.
    private var leasesRefused = 0
    private var inFlight: [Topic] = []
    private var failures = 0
    private var nextAt = Instant(nanoseconds: .min)
    private var random: Randomness
    /// When it was heard last.
    public private(set) var heardAt: Instant?
    /// What was refused, by reason, over and above what waits for its time.
    public private(set) var refusals: [IssuerRefusal: Int] = [:]

    /// So often in a row the issuer has to give no lease, behind the end of the last one, before that is believed: one that
    /// is about to lose its leadership gives none either.
    private static let leaseRefusalsMost = 3
    /// A broker knows what its root says within a round trip.
    private static let takenPause = Interval.milliseconds(200)
    /// What an audit holds up is said again after this.
    private static let auditedPause = Interval.milliseconds(500)

    /// - Parameters:
    ///   - names: the numbers that accounts of earlier sessions have in this one, dense from zero.
    ///   - seed: what retries are spread by.
    public init(
        _ opening: LedgerOpening, _ replay: LedgerReplay, session: LedgerSession,
        names: [AccountName: AccountIndex], limits: Limits, seed: UInt64, at now: Instant
    ) {
        self.session = session
        self.limits = limits
        random = Randomness(seed: seed)
        // Counted from a number that is not zero, which stands for none.
        chain = RenewalChain(nonce: 0, firstID: session.rawValue | 1)
        evidence = NodeEvidence(replay, current: session, names: names, lifetime: limits.lifetime, at: now)
        claims = NodeClaims(replay, lifetime: limits.lifetime)
        for (name, account) in names.sorted(by: { $0.value < $1.value }) {
            precondition(account.row == accounts.count, "numbers of accounts are dense")
            accounts.append(Account(name: name))
            rows[name] = account.row
        }
        for one in opening.open { rows[one.name].map { accounts[$0].waiting += one.amount } }
        for doubt in opening.doubts { rows[doubt.name].map { accounts[$0].waiting += doubt.amount } }
    }

    // MARK: What the node's holder says

    public mutating func handle(_ event: IssuerEvent, at now: Instant, _ effects: inout [IssuerEffect]) {
        switch event {
        case .termsChanged(let terms):
            self.terms = terms
            turnTo(now, &effects)
        case .requested(let account, let upTo):
            guard account.row < accounts.count else { return }
            if let all = accounts[account.row].ahead.want(upTo) {
                effects.append(.grant(account, upTo: all, isLast: false))
            }
        case .reported(let report):
            guard report.account.row < accounts.count else { return }
            take(report)
        case .renewalAsked: isRenewalWanted = true
        case .turned:
            if now >= nextDay { turnTo(now, &effects) }
            for row in accounts.indices where accounts[row].isOpen {
                let (back, least) = (accounts[row].returned, accounts[row].highest)
                accounts[row].ahead.turn(back: back, seconds: limits.aheadSeconds, least: least, at: now)
            }
        }
    }

    private mutating func take(_ report: HolderReport) {
        let row = report.account.row
        if report.returned > accounts[row].returned {
            accounts[row].ahead.wantNothing()
        }
        accounts[row].returned = max(accounts[row].returned, report.returned)
        accounts[row].settled = max(accounts[row].settled, report.settled)
        accounts[row].late = max(accounts[row].late, report.late)
        accounts[row].former = accounts[row].former.larger(report.former)
    }

    /// The name of this account is durable in a journal of this session.
    public mutating func noted(_ account: AccountIndex) {
        guard account.row < accounts.count else { return }
        accounts[account.row].isNoted = true
        if phase == .waiting { phase = .opening }
    }

    /// A settlement or a release that is durable in a journal.
    public mutating func recorded(_ record: LedgerRecord) { evidence.take(record) }

    // MARK: Accounts and days

    private mutating func turnTo(_ now: Instant, _ effects: inout [IssuerEffect]) {
        nextDay = .distantFuture
        var next: [String: Int] = [:]
        for term in terms {
            let last = current[term.campaign].flatMap { accounts[$0].name.day }
            let name = term.account(at: now, notBefore: last)
            let row = self.row(name)
            next[term.campaign] = row
            accounts[row].currency = term.currency
            accounts[row].highest = term.highest
            if let day = name.day {
                let start = BudgetDay(number: day.number + 1)
                    .start(startsAtMinutes: term.dayStartsAtMinutes)
                nextDay = min(nextDay, start)
            }
        }
        let kept = Set(next.values)
        for row in accounts.indices where accounts[row].isCurrent && !kept.contains(row) {
            accounts[row].isCurrent = false
            accounts[row].ahead.end()
            if accounts[row].isOpen { effects.append(.close(AccountIndex(UInt32(row)))) }
            accounts[row].isOpen = false
        }
        current = next
        for row in kept.sorted() {
            accounts[row].isCurrent = true
            open(row, &effects)
        }
    }

    private mutating func row(_ name: AccountName) -> Int {
        if let known = rows[name] { return known }
        rows[name] = accounts.count
        accounts.append(Account(name: name))
        return accounts.count - 1
    }

    /// Also where it is open already: its line items may have become dearer.
    private mutating func open(_ row: Int, _ effects: inout [IssuerEffect]) {
        guard accounts[row].isCurrent, accounts[row].number != nil, accounts[row].trouble == nil else {
            return
        }
        accounts[row].isOpen = true
        effects.append(
            .open(AccountIndex(UInt32(row)), accounts[row].name, highest: accounts[row].highest))
    }

    private func number(_ account: AccountIndex) -> NodeEvidence.Number {
        guard account.row < accounts.count else { return .none }
        if let number = accounts[account.row].number { return .known(number) }
        return accounts[account.row].trouble == .noAccount ? .none : .awaited
    }

    // MARK: Exchanges

    /// What is to be said now; nothing while an exchange is under way, or for a while after one that had no answer.
    public mutating func next(at now: Instant) -> [IssuerSaying] {
        guard inFlight.isEmpty, now >= nextAt else { return [] }
        var sayings: [IssuerSaying] = []
        func hasRoom() -> Bool { sayings.count < limits.sayings }
        func say(_ saying: IssuerSaying, _ topic: Topic) {
            sayings.append(saying)
            inFlight.append(topic)
        }
        for part in audits.next() { say(part, .presentation) }
        switch phase {
        case .waiting, .over: break
        case .opening: say(.open(start: session.rawValue), .session)
        case .registering: say(.register(LeafKey(root: upper, node: session)), .session)
        case .live:
            if isRenewalWanted { say(.renew(upper, chain.request(at: now)), .renewal) }
            for row in accounts.indices where hasRoom() {
                guard let number = accounts[row].number else { continue }
                let back = accounts[row].back
                if back > accounts[row].heard { say(.giveBack(upper, number, back), .giveBack(row, back)) }
                if accounts[row].isInDoubt, !accounts[row].isOpen {
                    // No more than there is: the answer says what there is.
                    say(.request(upper, number, upTo: accounts[row].ahead.granted), .request(row))
                }
                guard accounts[row].isNoted, accounts[row].isOpen,
                    let upTo = accounts[row].ahead.request(seconds: limits.aheadSeconds)
                else { continue }
                say(.request(upper, number, upTo: upTo), .request(row))
            }
        }
        for row in accounts.indices where hasRoom() && now >= accounts[row].askAt {
            guard accounts[row].number == nil || accounts[row].trouble != nil else { continue }
            accounts[row].askAt = now + limits.findPause.most
            say(.find(accounts[row].name, accounts[row].currency), .find(row))
        }
        let room = limits.sayings - sayings.count
        if room > 0 {
            let numbers = accounts.indices.map { number(AccountIndex(UInt32($0))) }
            for (said, saying) in evidence.next(room, at: now, number: { numbers[$0.row] }) {
                say(saying, .evidence(said))
            }
        }
        for claim in claims.next(limits.sayings - sayings.count, at: now) {
            say(.claim(LeafKey(root: LedgerSession(0), node: claim.key.session), claim), .claim(claim.key))
        }
        if sayings.isEmpty, audits.looks(at: now) { say(.look, .look) }
        if !sayings.isEmpty { audits.spoke(at: now) }
        return sayings
    }

    /// Nobody answered, or nobody who leads: all of it is said again.
    public mutating func unanswered(at now: Instant) {
        for topic in inFlight {
            if case .find(let row) = topic { accounts[row].askAt = now }
            if case .request(let row) = topic { accounts[row].isInDoubt = true }
        }
        inFlight.removeAll(keepingCapacity: true)
        audits.unanswered()
        failures += 1
        let doubled = limits.retryLeast.nanoseconds << Int64(min(failures - 1, 16))
        let pause = min(doubled, limits.retryMost.nanoseconds)
        // From half of it to all of it: nodes that lost the same issuer do not come back at once.
        let spread = pause / 2 + Int64(random.next(below: UInt64(pause / 2 + 1)))
        nextAt = now + Interval(nanoseconds: spread)
    }

    /// The answers, one list of words for each saying.
    ///
    /// - Parameter audit: what came beside them; nil from an issuer that knows of no audits.
    public mutating func answered(
        _ answers: [[IssuerWord]], audit call: AuditCall? = nil, at now: Instant,
        _ effects: inout [IssuerEffect]
    ) {
        guard answers.count == inFlight.count else { return unanswered(at: now) }
        let topics = inFlight
        inFlight.removeAll(keepingCapacity: true)
        failures = 0
        heardAt = now
        for (topic, words) in zip(topics, answers) {
            // An alarm beside the answer has no word of its own, and a renewal that is answered already has none.
            if case .claim(let key) = topic {
                hear(key, words.last, at: now)
                continue
            }
            takeIn(words, &effects)
            hear(topic, words.last { !$0.isForward }, now, &effects)
        }
        let mark = audits.mark
        let news = audits.heard(call)
        if audits.mark > mark {
            evidence.sayAgain()
            claims.sayAgain()
        }
        // Where this session is over, the one that follows answers for it.
        if case .over = phase { return }
        if case .asked = news { audits.say(presentation(to: audits.mark)) }
    }

    private mutating func hear(_ key: ReservationKey, _ word: IssuerWord?, at now: Instant) {
        let before = claims.refused
        claims.heard(key, word, at: now)
        if claims.refused > before, case .refused(let refusal) = word { refusals[refusal, default: 0] += 1 }
    }

    private mutating func hear(
        _ topic: Topic, _ word: IssuerWord?, _ now: Instant, _ effects: inout [IssuerEffect]
    ) {
        switch (topic, word) {
        case (.presentation, .presented): audits.answered(isTaken: true)
        case (.presentation, _):
            audits.answered(isTaken: false)
            nextAt = now + Self.auditedPause
        case (.evidence(let said), .refused(.audited)): evidence.heard(said, word)
        // It is said again, when its session has been presented.
        case (_, .refused(.audited)): nextAt = now + Self.auditedPause
        case (.find(let row), .found(let number, let currency, _)):
            accounts[row].number = number
            accounts[row].foundCurrency = currency
            // It may have been asked for without one, and be wanted in another by now.
            let isOther = accounts[row].currency.map { $0 != currency } ?? false
            accounts[row].trouble = isOther ? .otherCurrency : nil
            accounts[row].misses = 0
            if !accounts[row].isOpen { open(row, &effects) }
        case (.find(let row), .taken): accounts[row].askAt = now + Self.takenPause
        case (.find(let row), .refused(.unknownAccount)):
            accounts[row].trouble = .noAccount
            accounts[row].askAt = now + limits.findPause.after(accounts[row].misses)
            accounts[row].misses += 1
        case (.find(let row), .refused(.otherCurrency)): accounts[row].trouble = .otherCurrency
        case (.session, .opened(let upper)):
            guard phase == .opening else { return }
            self.upper = upper
            phase = .registering
        case (.session, .registered): if phase == .registering { phase = .live }
        case (.session, .refused(let refusal)): end(refusal)
        case (.renewal, .leased(_, let id, let length, let next)):
            guard let sentAt = chain.answered(id, next: next) else { return }
            isRenewalWanted = false
            leasesRefused = 0
            leasedUntil = max(leasedUntil, sentAt + length)
            effects.append(.lease(sentAt: sentAt, for: length))
        case (.renewal, .refused(.leaseOver)):
            leasesRefused += 1
            if now >= leasedUntil, leasesRefused >= Self.leaseRefusalsMost { end(.leaseOver) }
        case (.request(let row), .granted(_, _, let upTo, let isLast)):
            accounts[row].isInDoubt = false
            if let given = accounts[row].ahead.grant(upTo: upTo, isLast: isLast) {
                effects.append(
                    .grant(AccountIndex(UInt32(row)), upTo: given.upTo, isLast: given.isLast))
            }
            // It was closed while this was on its way.
            if !accounts[row].isOpen { accounts[row].ahead.end() }
        case (.giveBack(let row, let sum), .returned): accounts[row].heard = max(accounts[row].heard, sum)
        // Who has the session is asked next, or after that; behind the lease it is not waited for any more.
        case (.renewal, .refused(.elsewhere)):
            if now >= leasedUntil { leasesRefused += 1 }
            if leasesRefused >= Self.leaseRefusalsMost { end(.elsewhere) }
        case (.request, .refused(.elsewhere)), (.giveBack, .refused(.elsewhere)): break
        case (.evidence(let said), let word):
            evidence.heard(said, word)
            guard case .refused(let refusal) = word else { return }
            if refusal == .unknownLeaf, case .block(session, _) = said { end(refusal) }
            if refusal.isTrouble { refusals[refusal, default: 0] += 1 }
        case (_, .refused(let refusal)):
            refusals[refusal, default: 0] += 1
            if refusal.endsTheSession { end(refusal) }
            // What is never taken is not said again and again.
            if case .giveBack(let row, let sum) = topic {
                accounts[row].heard = max(accounts[row].heard, sum)
            }
            if case .request(let row) = topic {
                accounts[row].isInDoubt = false
                accounts[row].ahead.wantNothing()
            }
        default: break
        }
    }

    private mutating func end(_ refusal: IssuerRefusal) {
        if case .over = phase { return }
        phase = .over(refusal)
    }

    /// Whether the issuer has heard of all that went back to it, and grants nothing any more that it was asked for before.
    public var hasGivenBack: Bool {
        let isGranted = inFlight.contains { if case .request = $0 { true } else { false } }
        return !isGranted && accounts.allSatisfy { $0.back <= $0.heard && !$0.isInDoubt }
    }

    // MARK: Evidence

    /// What is not acknowledged of the evidence, and claims that are not counted.
    public var openEvidence: Int { evidence.open + claims.waiting }

    /// Blocks that need not be kept any longer, so that neither the balances keep them.
    public mutating func forget(at now: Instant) -> [NodeEvidence.Forgotten] {
        let names = accounts.map(\.name)
        return evidence.forget(at: now) { names[$0.row] }
    }

    /// Earlier sessions of which the issuer knows all.
    public var acknowledged: Set<LedgerSession> { evidence.acknowledged { number($0) } }

    /// Whether something may come of waiting: an account that is not known to be there or not, or money that was asked for.
    public var isGettingReady: Bool {
        switch phase {
        case .over: return false
        case .waiting, .opening, .registering, .live: break
        }
        return accounts.contains {
            guard $0.isCurrent else { return false }
            return $0.trouble == .awaited
                || $0.trouble == nil && $0.ahead.granted == .zero && !$0.ahead.isLast
        }
    }
}

extension IssuerSession {
    /// What this node holds, in the order of the campaigns' ids. What the budget is only the issuer knows: here it is what
    /// has been granted.
    public func money() -> [CampaignMoney] {
        var sums: [String: Places] = [:]
        for account in accounts {
            var places = Places()
            places.granted = account.ahead.granted - account.settled - account.back
            places.settled = account.settled + account.former.settled
            places.suspense =
                account.waiting - account.former.settled - account.former.freed - account.former.presumed
            places.presumed = account.former.presumed
            places.late = account.late + account.former.late
            sums[account.name.campaign, default: Places()] += places
        }
        let byID = Dictionary(terms.map { ($0.campaign, $0) }) { $1 }
        return sums.sorted { $0.key < $1.key }.map { campaign, places in
            var places = places
            places.close(over: places.committed)
            let row = current[campaign]
            return CampaignMoney(
                campaign: campaign, currency: byID[campaign]?.currency, isGone: byID[campaign] == nil,
                lifetime: places, allowed: byID[campaign]?.lifetime, day: nil,
                today: row.flatMap { accounts[$0].name.day },
                isSpent: row.map { accounts[$0].ahead.isLast && accounts[$0].ahead.kept == .zero } ?? false,
                trouble: row.flatMap { accounts[$0].trouble })
        }
    }
}
