// An issuer's book, event by event: where money goes, what is refused, and what evidence may change.
import Testing
import Units

@testable import Ledger

@Suite struct GrantBookTests {
    private static let broker = LedgerSession(7)
    private static let leaf = LeafKey(root: broker, node: LedgerSession(70))
    private static let account = AccountIndex(0)

    private struct Book {
        var book: GrantBook
        var effects: [BookEffect] = []

        init(budget: Int64 = 1_000, windows: [Int64] = []) {
            var accounts = [GrantBook.Account(currency: .usd, highest: Micros(10))]
            accounts += windows.map { _ in
                GrantBook.Account(parent: AccountIndex(0), currency: .usd, highest: Micros(10))
            }
            book = GrantBook(accounts)
            tell(.budgetChanged(AccountIndex(0), to: Micros(budget), in: .usd))
            for (row, window) in windows.enumerated() {
                tell(.budgetChanged(AccountIndex(UInt32(row + 1)), to: Micros(window), in: .usd))
            }
            tell(.sessionOpened(broker, HolderNumber(1)))
            tell(.leafRegistered(leaf))
        }

        mutating func tell(_ event: BookEvent) {
            effects.removeAll()
            book.handle(event, &effects)
        }

        mutating func settle(_ keys: UInt64, _ paid: Int64, late: Int64 = 0) {
            tell(
                .settled(
                    leaf,
                    SettlementBlock(
                        account: account, shard: 0, number: 0, mask: keys, paid: Micros(paid),
                        late: Micros(late))))
        }

        mutating func close(_ drawn: Int64, freed: Int64) {
            tell(.closed(leaf, Closing(account: account, drawn: Micros(drawn), freed: Micros(freed))))
        }

        var refusal: BookRefusal? {
            for case .refuse(let reason, _) in effects { return reason }
            return nil
        }

        /// Free, granted, settled, suspense and presumed spent.
        var places: [Int64] {
            let row = book.accounts[0]
            return [row.unassigned, row.granted, row.settled, row.suspense, row.presumed].map(\.rawValue)
        }
    }

    @Test func moneyGoesThroughItsPlaces() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(600)))
        #expect(book.places == [400, 600, 0, 0, 0])
        book.settle(0b11, 100)
        book.settle(0b11, 100)
        book.settle(0b1, 60)
        #expect(book.refusal == nil && book.places == [400, 500, 100, 0, 0])
        book.tell(.returned(Self.broker, Self.account, Micros(200)))
        book.tell(.returned(Self.broker, Self.account, Micros(150)))
        #expect(book.places == [600, 300, 100, 0, 0])
        book.close(150, freed: 20)
        #expect(book.refusal == .beforeTheFence)
        book.tell(.fenced(Self.broker))
        #expect(book.places == [600, 0, 100, 300, 0])
        book.close(150, freed: 20)
        #expect(book.places == [870, 0, 100, 30, 0])
        book.tell(.horizonReached(Self.broker))
        #expect(book.places == [870, 0, 100, 0, 30])
        book.settle(0b111, 125)
        #expect(book.effects.contains(.alarm(.presumedReversed, Self.broker)))
        book.close(150, freed: 25)
        #expect(book.places == [875, 0, 125, 0, 0])
        #expect(book.book.isOver(0))
    }

    @Test func whatNoHolderOfOursSaysIsRefused() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(600)))
        book.settle(0b11, 100)
        let before = book.places
        let account = Self.account
        let cases: [(BookEvent, BookRefusal)] = [
            (.requested(LedgerSession(8), account, upTo: Micros(1)), .unknownSession),
            (.requested(Self.broker, AccountIndex(5), upTo: Micros(1)), .unknownAccount),
            (.requested(Self.broker, account, upTo: Micros(-1)), .negative),
            (.returned(Self.broker, account, Micros(-1)), .negative),
            (.returned(Self.broker, account, Micros(501)), .beyondGranted),
            (.returned(Self.broker, account, .max), .beyondGranted),
            (.budgetChanged(account, to: Micros(-1), in: .usd), .negative),
            (.refunded(account, number: 2, Micros(1), in: .usd), .anotherRefund),
            (.refunded(account, number: 1, Micros(101), in: .usd), .anotherRefund),
            (.budgetChanged(account, to: Micros(2_000), in: Self.euro), .otherCurrency),
            (.refunded(account, number: 1, Micros(1), in: Self.euro), .otherCurrency),
            (.claimed(Self.leaf, Self.foreignClaim), .otherCurrency),
            (.carriedOver(account, to: AccountIndex(5)), .unknownAccount),
            (.carriedOver(account, to: account), .notOneLifetime),
            (.claimed(LeafKey(root: Self.broker, node: LedgerSession(71)), Self.claim), .unknownLeaf),
            (.leafRegistered(LeafKey(root: LedgerSession(9), node: LedgerSession(72))), .unknownSession),
        ]
        for (event, refusal) in cases {
            book.tell(event)
            #expect(book.refusal == refusal, "\(event)")
        }
        for (keys, paid, refusal) in [
            (0b11, 99, BookRefusal.forgedBlock), (0b101, 200, .forgedBlock), (0b111, 90, .forgedBlock),
            (0b111, 601, .beyondGranted), (0b111, .max, .beyondGranted), (0b111, -1, .negative),
        ] as [(UInt64, Int64, BookRefusal)] {
            book.settle(keys, paid)
            #expect(book.refusal == refusal, "\(keys) \(paid)")
        }
        book.tell(.fenced(Self.broker))
        for (drawn, freed) in [(100, 1), (700, 0), (-1, 0)] as [(Int64, Int64)] {
            book.close(drawn, freed: freed)
            #expect(book.refusal != nil)
        }
        #expect(book.places == [before[0], 0, before[2], before[1], 0])
    }

    /// A claim may turn out to be late when its holder speaks; what was given back by then would be missing.
    @Test func onlyWhatAJournalSaidIsRefunded() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.claimed(Self.leaf, Self.claim))
        book.tell(.refunded(Self.account, number: 1, Micros(1), in: .usd))
        #expect(book.refusal == .anotherRefund)
        book.settle(1 << 5, 0, late: 8)
        #expect(book.places == [900, 100, 0, 0, 0])
        book.settle(1 << 5 | 1, 6, late: 8)
        book.tell(.refunded(Self.account, number: 1, Micros(6), in: .usd))
        #expect(book.refusal == nil && book.places == [906, 94, 0, 0, 0])
    }

    /// The journal closed with a bill of its own on the way; a claim that the journal calls late took its place.
    @Test func aClaimGivesWayToTheJournal() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.fenced(Self.broker))
        book.close(100, freed: 81)
        book.tell(.claimed(Self.leaf, Self.claim))
        #expect(book.places == [981, 0, 8, 11, 0])
        book.settle(0b1, 19)
        #expect(!book.effects.contains(.alarm(.billedAboveClosing, Self.leaf.node)))
        #expect(book.places == [981, 0, 19, 0, 0] && book.book.accounts[0].late == Micros(8))
        book.settle(1 << 5 | 1, 19, late: 8)
        #expect(book.places == [981, 0, 19, 0, 0] && book.book.accounts[0].late == Micros(8))
    }

    private static let euro = CurrencyCode("EUR") ?? .usd
    private static let foreignClaim = Claim(
        key: ReservationKey(session: leaf.node, shard: 0, sequence: 6), account: account, currency: euro,
        reserved: Micros(10), amount: Micros(8))

    /// What is granted is not carried; what comes back of it is, the next time.
    @Test func onlyWhatIsFreeIsCarriedOver() {
        var book = Book(budget: 1_000, windows: [300, 200])
        let (first, second) = (AccountIndex(1), AccountIndex(2))
        book.tell(.requested(Self.broker, first, upTo: Micros(100)))
        func windows() -> [Int64] { book.book.accounts[1...].map(\.budget.rawValue) }
        book.tell(.carriedOver(first, to: second))
        #expect(windows() == [100, 400])
        book.tell(.carriedOver(first, to: second))
        #expect(windows() == [100, 400])
        book.tell(.returned(Self.broker, first, Micros(60)))
        book.tell(.carriedOver(first, to: second))
        #expect(windows() == [40, 460])
        book.tell(.carriedOver(AccountIndex(0), to: second))
        #expect(book.refusal == .notOneLifetime)
    }

    /// Others go on while a silent holder's accounts wait; a window waits with what funds it.
    @Test func anAuditClosesOnlyWhatMayBeMissing() {
        var book = Book(budget: 1_000, windows: [300, 200])
        book.tell(.auditBegan(holders: [0, 0b10, 0]))
        #expect(book.book.grantable(AccountIndex(1)) == .zero)
        #expect(book.book.grantable(AccountIndex(2)) == Micros(200))
        book.tell(.auditBegan(holders: [0b1, 0, 0]))
        #expect(book.book.grantable(AccountIndex(2)) == .zero && book.book.missing == 0b11)
        book.tell(.presentationEnded(HolderNumber(0)))
        #expect(book.book.grantable(AccountIndex(2)) == Micros(200) && book.book.missing == 0b10)
    }

    private static let claim = Claim(
        key: ReservationKey(session: leaf.node, shard: 0, sequence: 5), account: account, currency: .usd,
        reserved: Micros(10), amount: Micros(8))

    @Test func aBillCountsOnceWhoeverTellsOfIt() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.claimed(Self.leaf, Self.claim))
        book.tell(.claimed(Self.leaf, Self.claim))
        #expect(book.places == [900, 92, 8, 0, 0])
        #expect(book.effects == [.forwardClaim(Self.leaf, Self.claim)])
        book.tell(.fenced(Self.broker))
        book.close(10, freed: 0)
        #expect(book.refusal == .behindClaims)
        // Its own journal knows better: half of it was late.
        book.settle(1 << 5, 4, late: 4)
        #expect(book.places == [900, 0, 4, 96, 0] && book.book.accounts[0].late == Micros(4))
        book.tell(.claimed(Self.leaf, Self.claim))
        #expect(book.effects == [.acknowledgeClaim(Self.leaf, Self.claim.key)])
        book.close(10, freed: 6)
        #expect(book.places == [996, 0, 4, 0, 0])
    }

    @Test func whatIsAboveAClosingIsLateAndTold() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.leafRegistered(LeafKey(root: Self.broker, node: LedgerSession(71))))
        book.tell(.fenced(Self.broker))
        book.close(20, freed: 15)
        book.settle(0b1, 9)
        #expect(book.effects.contains(.alarm(.billedAboveClosing, Self.leaf.node)))
        #expect(book.book.accounts[0].settled == Micros(5) && book.book.accounts[0].late == Micros(4))
    }

    @Test func aSessionIsClosedByAllItsHolders() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        let other = LeafKey(root: Self.broker, node: LedgerSession(71))
        book.tell(.leafRegistered(other))
        book.tell(.fenced(Self.broker))
        book.close(0, freed: 0)
        #expect(book.places == [900, 0, 0, 100, 0])
        book.tell(.closed(other, Closing(account: Self.account, drawn: Micros(30), freed: Micros(10))))
        #expect(book.places == [980, 0, 0, 20, 0])
    }

    /// A registration that was on its way for long has taken the place of one that went with a tail.
    @Test func whatAnAuditedHolderWasToldOfStands() {
        var book = Book()
        let (second, node) = (LedgerSession(19), LedgerSession(88))
        let (late, told) = (LeafKey(root: Self.broker, node: node), LeafKey(root: second, node: node))
        book.tell(.sessionOpened(second, HolderNumber(1)))
        book.tell(.requested(second, Self.account, upTo: Micros(100)))
        book.tell(.leafRegistered(late))
        book.tell(.leafRegistered(told))
        #expect(book.refusal == .unknownLeaf)
        book.tell(.leafPresented(told))
        #expect(book.effects == [.registered(told)])
        book.tell(.leafRegistered(late))
        #expect(book.refusal == .unknownLeaf)
        book.tell(.fenced(second))
        #expect(book.places == [900, 0, 0, 100, 0])
        book.tell(.closed(told, Closing(account: Self.account, drawn: Micros(30), freed: Micros(10))))
        #expect(book.places == [980, 0, 0, 20, 0])
        // Of whom something is known nobody takes it away.
        book.tell(.leafPresented(late))
        #expect(book.refusal == .unknownLeaf && book.book.imbalance == nil)
    }

    /// A holder that never heard of an account keeps nothing of it: its journal has none.
    @Test func whoNeverHadAnAccountClosesItWithNothing() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        let other = LeafKey(root: Self.broker, node: LedgerSession(71))
        book.tell(.leafRegistered(other))
        let end = BookEvent.ended(other, accounts: [])
        book.tell(end)
        #expect(book.effects == [.refuse(.beforeTheFence, other.node)])
        book.tell(.fenced(Self.broker))
        book.close(0, freed: 0)
        // It has a closing of its own to come.
        book.tell(.ended(other, accounts: [Self.account]))
        #expect(book.places == [900, 0, 0, 100, 0])
        for _ in 0..<2 {
            book.tell(end)
            #expect(book.effects.last == .acknowledgeEnd(other) && book.places == [1_000, 0, 0, 0, 0])
        }
        #expect(book.book.imbalance == nil)
    }

    @Test func nothingIsGrantedUnderOverhang() {
        var book = Book(budget: 300, windows: [200, 200])
        book.tell(.requested(Self.broker, AccountIndex(1), upTo: Micros(200)))
        book.tell(.requested(Self.broker, AccountIndex(2), upTo: Micros(200)))
        #expect(book.places == [0, 300, 0, 0, 0])
        book.tell(.budgetChanged(AccountIndex(0), to: Micros(250), in: .usd))
        #expect(book.places[0] == -50)
        book.tell(.returned(Self.broker, AccountIndex(1), Micros(60)))
        // Fifty paid the overhang; ten are free.
        #expect(book.book.grantable(AccountIndex(2)) == Micros(10))
        book.tell(.flightEnded(AccountIndex(0)))
        #expect(book.book.grantable(AccountIndex(2)) == .zero)
    }

    @Test func aCloneIsFoundAndARetryIsNone() {
        var book = Book()
        let first = RenewalChain.Request(id: 11, nonce: 0, sentAt: Instant(nanoseconds: 0))
        book.tell(.renewalAsked(Self.broker, first, next: 5))
        #expect(book.effects == [.renew(Self.broker, request: 11, next: 5)])
        book.tell(.renewalAsked(Self.broker, first, next: 6))
        #expect(book.effects == [.renew(Self.broker, request: 11, next: 5)])
        book.tell(.renewalAsked(Self.broker, .init(id: 12, nonce: 5, sentAt: first.sentAt), next: 7))
        // What comes late was answered.
        book.tell(.renewalAsked(Self.broker, first, next: 8))
        #expect(book.effects.isEmpty)
        // Also by another start, whose ids are no counting of these.
        book.tell(.renewalAsked(Self.broker, .init(id: 3 << 50, nonce: 7, sentAt: first.sentAt), next: 8))
        #expect(book.effects == [.renew(Self.broker, request: 3 << 50, next: 8)])
        book.tell(.renewalAsked(Self.broker, .init(id: 12, nonce: 5, sentAt: first.sentAt), next: 9))
        #expect(book.effects.isEmpty)
        book.tell(.renewalAsked(Self.broker, .init(id: 1 << 40, nonce: 5, sentAt: first.sentAt), next: 9))
        #expect(book.effects == [.fenceClone(Self.broker)])
        book.tell(.renewalAsked(Self.broker, .init(id: 13, nonce: 7, sentAt: first.sentAt), next: 10))
        #expect(book.refusal == .cloned)
    }

    @Test func anAuditMaximisesAndWaitsForEverybody() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.auditBegan(holders: [0b11]))
        #expect(book.book.grantable(Self.account) == .zero)
        book.tell(
            .presented(Self.broker, HolderNumber(1), Self.account, granted: Micros(80), returned: .zero))
        book.tell(
            .presented(Self.broker, HolderNumber(1), Self.account, granted: Micros(140), returned: .zero))
        book.tell(
            .presented(LedgerSession(9), HolderNumber(0), Self.account, granted: Micros(900), returned: .zero)
        )
        book.tell(.presentationEnded(HolderNumber(1)))
        #expect(book.places == [-40, 1_040, 0, 0, 0] && book.book.grantable(Self.account) == .zero)
        book.tell(.presentationEnded(HolderNumber(0)))
        #expect(book.effects == [.alarm(.auditEnded, LedgerSession(0))])
        #expect(book.book.grantable(Self.account) == .zero)
        book.tell(.returned(LedgerSession(9), Self.account, Micros(100)))
        #expect(book.book.grantable(Self.account) == Micros(60))
    }

    /// What is forged is refused, and stops nobody: sums that do not fit, and accounts that are not there.
    @Test func forgedSumsAreRefused() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        book.tell(.fenced(Self.broker))
        book.close(10, freed: 10)
        // The closing left nothing to pay from, so that all of it is late: one more than fits, and one more than a bill can come
        // to for which no more was ever set aside than the session was granted.
        let most: Int64 = 100 * GrantBook.billTimes
        for late in [Int64.max, Int64.max - 1, most] {
            book.settle(1, 1, late: late)
            #expect(book.refusal == .beyondGranted && book.book.accounts[0].late == .zero, "\(late)")
        }
        book.settle(1, 1, late: most - 1)
        #expect(book.refusal == nil && book.book.accounts[0].late.rawValue == most)
        // Each further key may come to as much.
        book.settle(0b11, 1, late: 2 * most)
        #expect(book.refusal == .beyondGranted)
        book.settle(0b11, 1, late: 2 * most - 1)
        #expect(book.refusal == nil && book.book.accounts[0].late.rawValue == 2 * most)
        for at in [AccountIndex(1), AccountIndex(.max)] {
            book.tell(.paused(at, true))
            #expect(book.refusal == .unknownAccount)
            book.tell(.flightEnded(at))
            #expect(book.refusal == .unknownAccount)
        }
        var audited = Book()
        audited.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        audited.settle(1, 60)
        audited.tell(.auditBegan(holders: [0b10]))
        audited.tell(
            .presented(
                LedgerSession(9), HolderNumber(1), Self.account, granted: .max - Micros(50), returned: .zero))
        #expect(audited.refusal == .beyondGranted)
        // A holder says what it was promised itself, and not what another one was.
        audited.tell(
            .presented(Self.broker, HolderNumber(2), Self.account, granted: Micros(500), returned: .zero))
        #expect(
            audited.refusal == .unknownSession
                && audited.book.granted(Self.broker, Self.account) == Micros(100))
    }

    /// What another node says of a bill is bounded as the holder's own word is.
    @Test func aForgedClaimIsRefused() {
        var book = Book()
        book.tell(.requested(Self.broker, Self.account, upTo: Micros(100)))
        let most = Micros(100 * GrantBook.billTimes)
        for (amount, isTaken) in [(Micros.max, false), (most + Micros(1), false), (most, true)] {
            var claim = Self.claim
            claim.amount = amount
            book.tell(.claimed(Self.leaf, claim))
            #expect((book.refusal == nil) == isTaken, "\(amount)")
        }
        #expect(book.book.accounts[0].late < most)
    }
}
