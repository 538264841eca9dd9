// What a broker says to its root and hears from it, in exchanges as a node has them.
public import Units

extension BrokerDesk {
    private static let leaseRefusalsMost = 3
    /// What an audit holds up is said again after this.
    private static let auditedPause = Interval.milliseconds(500)

    /// What is to be said now; nothing while an exchange is under way, or for a while after one that had no answer.
    public mutating func next(at now: Instant) -> [IssuerSaying] {
        guard inFlight.isEmpty, now >= nextAt else { return [] }
        var sayings: [IssuerSaying] = []
        func hasRoom() -> Bool { sayings.count < limits.sayings }
        func say(_ saying: IssuerSaying, _ topic: Topic) {
            sayings.append(saying)
            inFlight.append(topic)
        }
        // First, so that what is asked behind it is asked of a root that knows.
        for part in audits.next() { say(part, .presentation) }
        if let session = ledger?.session {
            if let renewal { say(.renew(session, renewal), .renewal) }
            for node in registers where hasRoom() {
                say(.register(LeafKey(root: session, node: node)), .register(node))
            }
            for (row, sum) in returns.sorted(by: { $0.key < $1.key }) where hasRoom() {
                say(.giveBack(session, accounts[row].number, sum), .giveBack(row, sum))
            }
            for (row, upTo) in requests.sorted(by: { $0.key < $1.key }) where hasRoom() && !isLeaving {
                say(.request(session, accounts[row].number, upTo: upTo), .request(row))
            }
            for row in inDoubt.sorted() where hasRoom() && isLeaving {
                // No more than there is: the answer says what there is.
                let granted = ledger?.presentation(AccountIndex(UInt32(row))).granted ?? .zero
                say(.request(session, accounts[row].number, upTo: granted), .request(row))
            }
        } else {
            say(.open(start: start), .session)
        }
        for (name, finding) in findings where hasRoom() {
            guard case .wanted(let currency, _) = finding else { continue }
            say(.find(name, currency), .find(name))
        }
        for (key, saying) in relay.next(limits.sayings - sayings.count) {
            say(saying, .evidence(key, saying))
        }
        if sayings.isEmpty, audits.looks(at: now) { say(.look, .look) }
        if !sayings.isEmpty { audits.spoke(at: now) }
        return sayings
    }

    /// Nobody answered, or nobody who leads: all of it is said again.
    public mutating func unanswered(at now: Instant) {
        for topic in inFlight {
            if case .evidence(let key, _) = topic { relay.unanswered(key) }
            if case .request(let row) = topic { inDoubt.insert(row) }
        }
        inFlight.removeAll(keepingCapacity: true)
        audits.unanswered()
        failures += 1
        let doubled = limits.retryLeast.nanoseconds << Int64(min(failures - 1, 16))
        let pause = min(doubled, limits.retryMost.nanoseconds)
        // From half of it to all of it: brokers that lost the same root do not come back at once.
        nextAt = now + Interval(nanoseconds: pause / 2 + Int64(random.next(below: UInt64(pause / 2 + 1))))
    }

    /// The answers, one list of words for each saying.
    ///
    /// - Parameter audit: what came beside them; nil from a root that knows of no audits.
    public mutating func answered(
        _ answers: [[IssuerWord]], audit call: AuditCall? = nil, at now: Instant
    ) {
        guard answers.count == inFlight.count else { return unanswered(at: now) }
        let topics = inFlight
        inFlight.removeAll(keepingCapacity: true)
        failures = 0
        heardAt = now
        let session = ledger?.session
        for (topic, words) in zip(topics, answers) {
            // What was said by a session that has ended since means nothing to the next.
            switch topic {
            case .evidence, .presentation, .look: break
            default: if session != ledger?.session { continue }
            }
            if case .renewal = topic { hearRenewal(words) } else { hear(words, beside: topic) }
            let isClaim = if case .evidence(.claim, _) = topic { true } else { false }
            let word = words.last { isClaim || !$0.isForward }
            hear(topic, word, timeline: call?.mark ?? audits.mark, at: now)
        }
        heard(call, at: now)
    }

    /// What was acknowledged before another audit may be gone, so that it is asked for again.
    private mutating func heard(_ call: AuditCall?, at now: Instant) {
        let mark = audits.mark
        let news = audits.heard(call)
        if audits.mark > mark { relay.sayAgain() }
        guard case .asked = news else { return }
        // From now on nothing that an older one promised counts.
        tell(.presented(timeline: audits.mark), at: now)
        audits.say(presentation)
    }

    private var presentation: [HolderPresentation] {
        var all = formerSessions.map {
            HolderPresentation(
                mark: audits.mark, session: $0.session, start: 0, sums: $0.sums, nodes: $0.nodes, renewal: nil
            )
        }
        if let ledger {
            let place = ledger.renewal
            all.append(
                HolderPresentation(
                    mark: audits.mark, session: ledger.session, start: 0, sums: sums(of: ledger),
                    nodes: ledger.nodes,
                    renewal: RenewalChain.Request(
                        id: place.id, nonce: place.nonce, sentAt: Instant(nanoseconds: 0))))
        }
        return all
    }

    private func sums(of ledger: BrokerLedger) -> [HolderPresentation.Sum] {
        accounts.indices.map { row in
            let held = ledger.presentation(AccountIndex(UInt32(row)))
            return HolderPresentation.Sum(
                accounts[row].name, number: accounts[row].number, currency: accounts[row].currency,
                granted: held.granted, returned: held.returned)
        }
    }

    private mutating func hear(
        _ topic: Topic, _ word: IssuerWord?, timeline: UInt32, at now: Instant
    ) {
        switch (topic, word) {
        case (.presentation, .presented): audits.answered(isTaken: true)
        case (.presentation, _):
            audits.answered(isTaken: false)
            nextAt = now + Self.auditedPause
        case (.evidence(let key, let saying), .refused(.audited)): relay.heard(key, saying, word)
        // It is said again, when its session has been presented.
        case (_, .refused(.audited)): nextAt = now + Self.auditedPause
        case (.session, .opened(let session)): open(session, at: now)
        case (.renewal, .leased(_, let id, let length, let next)):
            renewal = nil
            leasesRefused = 0
            tell(.renewed(request: id, for: length, next: next), at: now)
        case (.renewal, nil):
            renewal = nil
            tell(.renewalPassedOver, at: now)
        case (.renewal, .refused(.leaseOver)):
            if ledger?.lease.isOver(at: now) == true { leasesRefused += 1 }
            if leasesRefused >= Self.leaseRefusalsMost { end(.leaseOver) }
        case (.register(let node), .registered):
            registers.removeAll { $0 == node }
            tell(.registered(node, timeline: timeline), at: now)
        case (.register(let node), .refused(let refusal)):
            registers.removeAll { $0 == node }
            unregistered[node] = refusal
            refused(refusal)
        case (.request(let row), .granted(_, _, let upTo, let isLast)):
            requests[row] = nil
            inDoubt.remove(row)
            tell(.granted(AccountIndex(UInt32(row)), upTo: upTo, isLast: isLast, timeline: timeline), at: now)
            // It was on its way when this broker began to leave.
            if isLeaving { leave(at: now) }
        case (.giveBack(let row, let sum), .returned): if returns[row] == sum { returns[row] = nil }
        case (.find(let name), .found(let number, let currency, let highest)):
            found(name, number, currency, highest)
        case (.find(let name), .refused(let refusal)):
            let reason: BookRefusal = refusal == .otherCurrency ? .otherCurrency : .unknownAccount
            guard case .wanted(_, let misses) = findings[name] else { return }
            findings[name] = .missing(
                reason, askAgainAt: now + limits.findPause.after(misses), misses: misses + 1)
        case (.evidence(let key, let saying), let word):
            relay.heard(key, saying, word)
            guard case .refused(let refusal) = word else { return }
            // A closing waits for its fence, and until claims of its session have been taken in.
            if refusal != .beforeTheFence, refusal != .behindClaims, refusal != .unknownLeaf {
                refuse(refusal)
            }
        case (.request(let row), .refused(let refusal)):
            requests[row] = nil
            inDoubt.remove(row)
            refused(refusal)
        case (.giveBack(let row, _), .refused(let refusal)):
            returns[row] = nil
            refused(refusal)
        case (_, .refused(let refusal)): refused(refusal)
        default: break
        }
    }

    private mutating func refused(_ refusal: IssuerRefusal) {
        // A fence is what a broker that was away beyond its lease finds, in order: `sessionsLost` counts it, and nobody has to look.
        if refusal != .fenced { refuse(refusal) }
        if refusal.endsTheSession { end(refusal) }
    }

    // MARK: The session

    private mutating func open(_ session: LedgerSession, at now: Instant) {
        guard ledger == nil else { return }
        var next = BrokerLedger(
            session: session, accounts: [], chain: RenewalChain(nonce: 0, firstID: random.next() | 1),
            limits: limits.broker)
        next.touches = BookTouches()
        ledger = next
        hasHeard = true
        isSessionTouched = true
        // Their numbers are the root's; what they cost at most is asked for again.
        ledger?.add(accounts.map { GrantBook.Account(currency: $0.currency, highest: .zero) })
        for row in accounts.indices { accounts[row].isFound = false }
    }

    /// The root does not renew this session any more. What it had is closed by the journals of its nodes.
    private mutating func end(_ refusal: IssuerRefusal) {
        guard let ledger else { return }
        sessionsLost += 1
        if refusal == .cloned { sessionsCloned += 1 }
        lost = (ledger.session, refusal)
        former.formUnion(ledger.nodes)
        formerSessions.append(
            BrokerRows.Former(session: ledger.session, sums: sums(of: ledger), nodes: ledger.nodes))
        formerSessions = formerSessions.suffix(BrokerRows.Former.most)
        self.ledger = nil
        start += 1
        renewal = nil
        registers = []
        unregistered = [:]
        requests = [:]
        inDoubt = []
        returns = [:]
        leasesRefused = 0
    }

    private mutating func found(
        _ name: AccountName, _ number: AccountIndex, _ currency: CurrencyCode, _ highest: Micros
    ) {
        findings[name] = nil
        guard ledger != nil else { return }
        if let row = rows[name] {
            accounts[row].isFound = true
            ledger?.change(highest: highest, of: AccountIndex(UInt32(row)))
            return
        }
        guard accounts.count < limits.accounts else { return }
        put(name, number, currency, isFound: true)
        ledger?.add([GrantBook.Account(currency: currency, highest: highest)])
    }
}
