// A shard's money between its decisions, its journal and the ledger's thread: sets prices aside, follows the holder's
// orders, and writes everything down in the shard's own journal.
import Journal
import Kernel
import Ledger
import Reactor
import Settings
import Telemetry
import Units

/// The name of what was set aside, as a bill brings it back.
struct PromisedMoney {
    let session: UInt64
    let sequence: UInt64
    let mark: UInt32
    /// The account's number in this session.
    let window: UInt32
    /// How long it is held.
    let seconds: UInt32
}

enum MoneyAnswer {
    case promised(PromisedMoney)
    case refused(BudgetRefusal)
}

/// One for each shard, used on its thread only.
final class ShardMoney {
    private(set) var ledger: NodeLedger
    private let shard: Int
    private var holder: ShardHolder
    let journal: NodeJournal
    private let reactor: Reactor
    private let metrics: MoneyMetrics
    private var budgets: CatalogBudgets
    /// Openings that a catalog on its way may not know of, by their number.
    private var recent: [(number: UInt64, name: AccountName, account: AccountIndex)] = []
    private var names: [AccountIndex: AccountName] = [:]
    /// Those whose names are in the journal.
    private var named: Set<AccountIndex> = []
    private var effects: [ShardEffect] = []
    private var messages: [NodeLedger.Message] = []
    /// For an issuer elsewhere: names and records that are not durable yet, in the order of their numbers.
    private var namesAhead: [(number: UInt64, account: AccountIndex)] = []
    private var recordsAhead: [(number: UInt64, record: LedgerRecord)] = []
    var claimsAhead: [(number: UInt64, claim: TakenClaim)] = []
    /// By account, what tokens say of it: where its issuer is on another machine, that one's number too.
    var windows: [UInt32] = []
    /// What this decision has set aside, and no record has yet.
    private var promised: [Reservation] = []
    /// The journal takes nothing: the decision is made again, and sets nothing aside.
    var isShut = false
    /// The session is over, and another one has not begun yet.
    private(set) var isResting = false
    /// By campaign, the account that this session opened for it last.
    private var latest: [String: AccountIndex] = [:]
    /// The last record of the session that is over, and the first behind it that is to be durable.
    private var passage: (end: UInt64, first: UInt64)?
    private var isTurning = false
    private var onTurn: () -> Void = {}
    private var onTick: () -> Void = {}
    private var ticks = 0
    /// The first mark's record: when it is durable there is something to spend.
    private var firstMark: UInt64?
    private var markedAt: Instant?
    private var onReady: (() -> Void)?

    /// Between asking for a mark and looking for what else there is to ask: a commit takes longer.
    private static let turnPause = Interval.milliseconds(1)
    /// After the first money is under a mark, a start waits so long for that of all other accounts.
    private static let marksPause = Interval.seconds(1)
    /// What expires, and what is left of orders, is looked at so often; every fifth time the ledger hears of all.
    private static let tickPause = Interval.milliseconds(20)
    private static let ticksPerReport = 5
    /// As many as an answer may have ads, and more.
    private static let promisedMost = 512

    init(
        _ ledger: NodeLedger, shard: Int, _ budgets: CatalogBudgets, _ journal: NodeJournal,
        _ reactor: Reactor,
        _ metrics: MoneyMetrics, onReady: @escaping () -> Void
    ) {
        self.ledger = ledger
        self.shard = shard
        self.budgets = budgets
        self.journal = journal
        self.reactor = reactor
        self.metrics = metrics
        self.onReady = onReady
        holder = Self.holder(ledger, shard)
        effects.reserveCapacity(holder.limits.effectsPerTurn)
        promised.reserveCapacity(Self.promisedMost)
        adopt()
        onTurn = { [weak self] in self?.turn() }
        onTick = { [weak self] in self?.tick() }
        journal.whenDurable { [weak self] number in
            self?.tellIssuer(upTo: number)
            self?.tell(.durable(upTo: number))
        }
        for order in ledger.attach(self, of: shard, reactor.remote) { hear(order) }
        tick()
    }

    private static func holder(_ ledger: NodeLedger, _ shard: Int) -> ShardHolder {
        var limits = ShardLimits()
        limits.grace = ledger.settings.grace
        limits.reach = ledger.reachLimits
        while limits.reservations < ledger.settings.openReservations { limits.reservations *= 2 }
        while limits.reservations / 2 >= ledger.settings.openReservations { limits.reservations /= 2 }
        limits.kept = 2 * limits.reservations
        return ShardHolder(
            session: ledger.session, shard: UInt32(shard), limits: limits, reach: ledger.reach.reach)
    }

    /// What earlier sessions left, where this shard is who keeps it.
    private func adopt() {
        let ledger = ledger
        func isMine(_ shard: UInt32) -> Bool { Int(shard) % ledger.shards == self.shard }
        // An account of an earlier session is known here by its name, and closed unless it is opened.
        for (name, account) in ledger.names.sorted(by: { $0.value < $1.value }) {
            names[account] = name
            _ = note(account, name)
            tell(.opened(account, highest: .zero))
            tell(.closed(account))
        }
        holder.adopt(
            open: ledger.opening.open.filter { isMine($0.key.shard) }.compactMap { one in
                ledger.names[one.name].map { one.former(of: $0) }
            }, settled: ledger.opening.settled.filter { isMine($0.shard) },
            doubts: ledger.opening.doubts.filter { isMine($0.writer.shard) }.compactMap { doubt in
                ledger.names[doubt.name].map {
                    Doubt(
                        key: DoubtKey(session: doubt.writer.session, shard: doubt.writer.shard, account: $0),
                        amount: doubt.amount, until: doubt.until)
                }
            }, recorded: ledger.opening.recorded)
    }

    // MARK: Decisions

    /// Between two requests: what the next catalog says of money, and what it had too early to know.
    func take(_ next: CatalogBudgets) {
        budgets = next
        // It may have been made for the session before.
        if next.session != ledger.session { return pointAnew() }
        for one in recent where one.number > next.openings { point(one.name.campaign, to: one.account) }
        recent.removeAll()
    }

    private func pointAnew() {
        for row in budgets.accounts.indices { budgets.accounts[row] = nil }
        for (campaign, account) in latest { point(campaign, to: account) }
    }

    private func point(_ campaign: String, to account: AccountIndex) {
        if let row = budgets.rows[campaign] { budgets.accounts[row] = account }
    }

    /// Why a line item may not compete; nil where an impression of it could be paid now.
    func refusal(ofLineItem lineItem: Int, campaign: Int) -> BudgetRefusal? {
        // The money is there, and nothing of it can be written down.
        if isShut || isResting { return .unmarked }
        guard let account = budgets.accounts[campaign] else { return .closed }
        guard let found = holder.refusal(account, max(budgets.prices[lineItem], Micros(1))) else {
            return nil
        }
        let refusal = reason(found)
        metrics.count(refusal)
        if refusal != .closed { turnSoon() }
        return refusal
    }

    /// Behind the fence no mark is used: that is why there is none, and not the disk.
    private func reason(_ refusal: BudgetRefusal) -> BudgetRefusal {
        refusal == .unmarked && ledger.isBehindFence ? .fenced : refusal
    }

    /// Sets aside what an ad of this campaign may cost at most.
    func reserve(campaign: Int, most: Micros) -> MoneyAnswer {
        if isShut || isResting { return .refused(.unmarked) }
        guard promised.count < Self.promisedMost else { return .refused(.crowded) }
        guard let account = budgets.accounts[campaign] else { return .refused(.closed) }
        let hold = ledger.settings.hold
        switch holder.authorise(account, max(most, Micros(1)), expires: ledger.clock.now + hold) {
        case .reserved(let one):
            promised.append(one)
            return .promised(
                PromisedMoney(
                    session: one.key.session.rawValue, sequence: one.key.sequence, mark: one.mark,
                    window: window(one.account), seconds: UInt32(hold.wholeMilliseconds / 1_000)))
        case .refused(let found):
            let refusal = reason(found)
            metrics.count(refusal)
            turnSoon()
            return .refused(refusal)
        }
    }

    /// The ad is not in the answer after all, and nobody has heard of it.
    func withdraw(_ sequence: UInt64) {
        guard let at = promised.lastIndex(where: { $0.key.sequence == sequence }) else { return }
        holder.withdraw(promised.remove(at: at))
    }

    /// The answer may leave: what it sets aside is written down. False where the journal takes nothing; then
    /// nothing is set aside, and the decision has to be made again, without money.
    func finish() -> Bool {
        defer { promised.removeAll(keepingCapacity: true) }
        let now = promised.isEmpty ? Instant(nanoseconds: 0) : ledger.clock.now
        var at = 0
        while at < promised.count {
            let one = promised[at]
            guard let number = journal.append(.reserved(one), at: now) else {
                for rest in promised[at...] { holder.withdraw(rest) }
                // Those before it are written: they are released like any other.
                for before in promised[..<at] { release(before.key) }
                metrics.countUnwritten()
                return false
            }
            holder.recorded(one, at: number)
            at += 1
        }
        if !promised.isEmpty { turnSoon() }
        return true
    }

    // MARK: Bills

    /// A bill, in the account's currency, for a reservation of which this shard is the owner. Answers also the record
    /// that must be durable before whoever sent it is told that it was taken; nil where the journal takes nothing,
    /// and the bill has to be sent again.
    ///
    /// - Parameters:
    ///   - window: the account's number, as the token has it.
    ///   - reserved: what was set aside, as the token has it: for a reservation whose record a crash has taken.
    func settle(
        _ key: ReservationKey, _ amount: Micros, window: UInt32, reserved: Micros
    ) -> (outcome: SettleOutcome, record: UInt64)? {
        settle(key, amount, of: ledger.account(window, of: key), reserved: reserved)
    }

    private func settle(
        _ key: ReservationKey, _ amount: Micros, of account: AccountIndex?, reserved: Micros
    ) -> (outcome: SettleOutcome, record: UInt64)? {
        if isResting { return nil }
        var outcome = holder.settle(key, amount)
        if outcome == .unknown, let account {
            outcome = holder.settle(key, amount, unrecordedOf: account, reserved: reserved)
        }
        guard case .write(let record) = outcome else { return (outcome, 0) }
        guard let number = write(.settled(record)) else { return nil }
        metrics.count(record)
        turnSoon()
        return (outcome, number)
    }

    /// Whether a session of this node's set this aside, whatever has become of it.
    func knows(_ key: ReservationKey, window: UInt32) -> Bool { ledger.account(window, of: key) != nil }

    /// No bill will come for it.
    @discardableResult
    func release(_ key: ReservationKey) -> ReleaseOutcome {
        // It is free when its time is over.
        if isResting { return .nothing }
        let outcome = holder.release(key)
        if case .write(let record) = outcome { _ = write(.released(record)) }
        return outcome
    }

    // MARK: Orders

    /// Before any record that names an account its name stands in the journal. Where the journal takes neither now,
    /// the record waits for the name.
    private func note(_ account: AccountIndex, _ name: AccountName) -> Bool {
        if named.contains(account) { return true }
        guard journal.note(AccountOpening(account: account, name: name), at: ledger.clock.now) else {
            return false
        }
        named.insert(account)
        // One shard's word is enough: a start reads the journals of all.
        if ledger.remote != nil, shard == 0 {
            namesAhead.append((journal.journal.accepted, account))
            journal.journal.commit(upTo: journal.journal.accepted)
        }
        return true
    }

    /// What an issuer elsewhere has to hear, as far as no crash can take it back.
    private func tellIssuer(upTo durable: UInt64) {
        guard ledger.remote != nil else { return }
        let names = namesAhead.prefix { $0.number <= durable }
        let records = recordsAhead.prefix { $0.number <= durable }
        let claims = claimsAhead.prefix { $0.number <= durable }
        guard !names.isEmpty || !records.isEmpty || !claims.isEmpty else { return }
        messages += names.map { .noted($0.account) }
        if !records.isEmpty { messages.append(.recorded(records.map(\.record))) }
        namesAhead.removeFirst(names.count)
        if !claims.isEmpty { messages.append(.claimed(claims.map(\.claim))) }
        recordsAhead.removeFirst(records.count)
        claimsAhead.removeFirst(claims.count)
    }

    /// What was meant for another session is nothing to this one.
    func hear(_ orders: [ShardOrder], of session: LedgerSession) {
        guard session == ledger.session, !isResting else { return }
        for order in orders { hear(order) }
        turnSoon()
    }

    private func hear(_ order: ShardOrder) {
        switch order {
        case .opened(let number, let account, let name, let issuers, let highest):
            names[account] = name
            keep(TokenAccount(own: account, issuers: issuers))
            _ = note(account, name)
            latest[name.campaign] = account
            point(name.campaign, to: account)
            recent.append((number, name, account))
            tell(.opened(account, highest: highest))
        case .bill(let key, let account, let amount, let reserved):
            _ = settle(key, amount, of: account, reserved: reserved)
        case .event(let event): tell(event)
        }
    }

    private func tell(_ event: ShardEvent) {
        if isResting { return }
        holder.handle(event, at: ledger.clock.now, &effects)
        for effect in effects { follow(effect) }
        effects.removeAll(keepingCapacity: true)
        if !messages.isEmpty, ledger.tell(messages) { messages.removeAll(keepingCapacity: true) }
        if case .durable = event { turnSoon() }
    }

    private func follow(_ effect: ShardEffect) {
        switch effect {
        case .write(let record): _ = write(record)
        case .commit(let number): journal.journal.commit(upTo: number)
        case .ask(let account, let upTo): messages.append(.asked(shard: shard, account, upTo: upTo))
        case .report(let report): messages.append(.reported(shard: shard, report))
        }
    }

    /// Writes a record, and tells the holder whether it is there. A mark is wanted on the disk at once.
    private func write(_ record: LedgerRecord) -> UInt64? {
        var none: [ShardEffect] = []
        let now = ledger.clock.now
        guard isNamed(record), let number = journal.append(record, at: now) else {
            holder.handle(.refused(record), at: now, &none)
            return nil
        }
        holder.handle(.written(record, at: number), at: now, &none)
        if ledger.remote != nil, isEvidence(record) { recordsAhead.append((number, record)) }
        if case .mark = record {
            firstMark = firstMark ?? number
            journal.journal.commit(upTo: number)
        }
        return number
    }

    /// Whether it changes what an issuer is told: what was settled, and what became of earlier sessions' money.
    private func isEvidence(_ record: LedgerRecord) -> Bool {
        switch record {
        case .settled: true
        case .released(let release): release.key.session != ledger.session
        case .mark, .reserved, .closed, .presumed: false
        }
    }

    /// Marks come before everything else of an account but earlier sessions' money.
    private func isNamed(_ record: LedgerRecord) -> Bool {
        let account: AccountIndex
        switch record {
        case .mark(let one): account = one.account
        case .settled(let one): account = one.account
        case .presumed(let one): account = one.doubt.account
        case .reserved, .released, .closed: return true
        }
        guard !named.contains(account), let name = names[account] else { return true }
        return note(account, name)
    }

    // MARK: Time

    private func turnSoon() {
        guard !isTurning else { return }
        isTurning = reactor.timer(at: reactor.now + Self.turnPause, onTurn) != nil
    }

    private func turn() {
        isTurning = false
        tell(.turned)
    }

    private func tick() {
        ticks += 1
        if let proof = ledger.reach.last { tell(.reached(at: proof)) }
        metrics.kept.set(holder.kept)
        tell(.turned)
        if ticks % Self.ticksPerReport == 0 {
            tell(.reportDue)
            judgeReadiness()
        }
        _ = reactor.timer(at: reactor.now + Self.tickPause, onTick)
    }

    /// Ready as soon as the money of every account is under durable marks, or where there is none to spend. A budget
    /// that is too small for all shards may not come to this one for long: it is not waited for.
    private func judgeReadiness() {
        guard let onReady else { return }
        let isWithoutMoney =
            firstMark == nil && !ledger.awaitsIssuer && ledger.money.allSatisfy { $0.lifetime.free <= .zero }
        if let firstMark, firstMark <= journal.journal.durable {
            let since = markedAt ?? ledger.clock.now
            markedAt = since
            let isWaiting = budgets.accounts.contains { $0.map { holder.awaitsMark($0) } ?? false }
            guard !isWaiting || ledger.clock.now - since >= Self.marksPause else { return }
        } else {
            guard isWithoutMoney else { return }
        }
        onReady()
        self.onReady = nil
    }

    /// Before the journal is closed in order: nothing is left under a mark, so that the next start doubts nothing.
    func end() {
        for account in names.keys.sorted() { tell(.closed(account)) }
        // Each turn has its most orders.
        var written: UInt64 = 0
        repeat {
            written = journal.journal.accepted
            tell(.turned)
        } while journal.journal.accepted > written
    }

    // MARK: Another session

    /// Nothing is set aside and no bill is taken from here on; what lies under marks and is not used is closed.
    func rest() {
        end()
        isResting = true
    }

    /// What follows stands in the journal as another session's; false where that cannot be yet.
    func pass(to session: LedgerSession, noting note: (NodeJournal, _ driver: String) -> Void) -> Bool {
        guard passage == nil else { return true }
        guard journal.journal.begin(session: session.rawValue, at: ledger.clock.now) else { return false }
        let end = journal.journal.accepted
        // Something has to stand behind the end, so that whoever reads knows that it is one.
        note(journal, reactor.driverName)
        let first = journal.journal.accepted
        passage = (end, first)
        journal.journal.commit(upTo: first)
        return true
    }

    /// The last record of the session that is over, when it is on the disk with all before it.
    var passed: UInt64? {
        passage.flatMap { $0.first > $0.end && $0.first <= journal.journal.durable ? $0.end : nil }
    }

    /// The session that follows has begun, with what the journals say that this shard keeps.
    func goOn(with next: NodeLedger) {
        ledger = next
        holder = Self.holder(next, shard)
        names.removeAll()
        named.removeAll()
        latest.removeAll()
        recent.removeAll()
        namesAhead.removeAll()
        recordsAhead.removeAll()
        claimsAhead.removeAll()
        windows.removeAll()
        messages.removeAll()
        effects.removeAll(keepingCapacity: true)
        (firstMark, markedAt, passage) = (nil, nil, nil)
        isResting = false
        pointAnew()
        adopt()
        for order in next.attach(self, of: shard, reactor.remote) { hear(order) }
        turnSoon()
    }

    /// When the journal is closed: what is under no mark any more, and surely so, is the issuer's again, and what was on its way to
    /// this shard never comes to it.
    func reportLast() {
        if isResting { return }
        tell(.durable(upTo: journal.journal.durable))
        // Each turn has its most, and no account is due for long: the journal takes nothing that would make it so again.
        for _ in 0...names.count / holder.limits.effectsPerTurn { tell(.turned) }
        tell(.ended)
        while !holder.isReported { tell(.reportDue) }
        messages.append(.ended(shard: shard))
        isResting = true
        if ledger.tell(messages) { messages.removeAll() }
    }
}
