// What a change of a budget is said to come to, and that nothing is changed by saying so.
import Ledger
import Testing
import Units

@Suite struct BudgetOutlookTests {
    private static let account = AccountIndex(0)

    private func order(
        _ budget: Int64, version: UInt64?, of campaign: String = "a", currency: CurrencyCode = .usd,
        parent: String? = nil
    ) -> AccountOrder {
        AccountOrder(
            name: AccountName(campaign: campaign), currency: currency,
            parent: parent.map { AccountName(campaign: $0) }, budget: Micros(budget), highest: Micros(10),
            version: version, operation: OperationRecord(key: "cut", who: "test", request: "cut"))
    }

    @Test func theMostThatCanStillBeSpentIsWhatHoldersHave() throws {
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var root = TestRoot(at: now)
        root.order("a", budget: 1_000, at: now)
        var nodes = [TestNode(50, at: now), TestNode(60, at: now)]
        for at in nodes.indices {
            nodes[at].tell(.termsChanged(terms(["a"])), at: now)
            nodes[at].tell(.renewalAsked(sentAt: now), at: now)
            nodes[at].talk(&root, at: &now)
            nodes[at].tell(.requested(Self.account, upTo: Micros(300)), at: now)
            nodes[at].talk(&root, at: &now)
        }
        nodes[0].session.recorded(
            .settled(
                SettlementRecord(
                    key: ReservationKey(session: nodes[0].number, shard: 0, sequence: 0),
                    account: Self.account, reserved: Micros(10), paid: Micros(8), late: .zero)))
        nodes[0].talk(&root, at: &now)
        // One is lost: what it had is in suspense.
        for _ in 0..<8 {
            now = now + .seconds(10)
            nodes[0].tell(.renewalAsked(sentAt: now), at: now)
            nodes[0].exchange(&root, at: now)
            root.keep(at: now)
        }
        let before = try #require(root.places(0))
        #expect(before.suspense == Micros(300) && before.settled == Micros(8))
        let version = try #require(root.machine.label(Self.account)?.version)
        guard case .taken(let cut)? = root.machine.outlook(of: order(100, version: version)) else {
            return #expect(Bool(false), "it would not be taken")
        }
        let book = try #require(root.machine.book)
        let held = book.rows.cells.filter { $0.account == Self.account }
            .reduce(Micros.zero) { $0 + $1.granted - $1.returned - $1.settled }
        #expect(cut.stillBillable == held && held == Micros(592))
        #expect(cut.spent == Micros(8) && cut.most == Micros(600) && cut.overhang == Micros(500))
        // Nothing was done.
        #expect(root.places(0) == before && root.machine.label(Self.account)?.version == version)
        _ = root.run([.order(order(100, version: version))], at: now)
        #expect(book.outlook(of: Self.account, with: Micros(100)) == cut)
        #expect(root.places(0)?.unassigned == Micros(-500))
        // A budget that leaves some free is itself the most.
        #expect(book.outlook(of: Self.account, with: Micros(900)).most == Micros(900))
        #expect(book.outlook(of: Self.account, with: Micros(900)).overhang == .zero)
    }

    @Test func whatWouldBeRefusedIsRefused() {
        let now = Instant(nanoseconds: 1_000_000_000_000)
        var root = TestRoot(at: now)
        root.order("a", budget: 1_000, at: now)
        let version = root.machine.label(Self.account)?.version
        let eur = CurrencyCode("EUR".utf8Span.span.raw)!
        let cases: [(AccountOrder, OrderRefusal)] = [
            (order(-1, version: version), .negative), (order(1, version: 99), .otherVersion(version ?? 0)),
            (order(1, version: version, currency: eur), .otherCurrency),
            (order(1, version: 1, of: "b"), .noSuchAccount),
            (order(1, version: nil, of: "b", parent: "none"), .otherParent),
        ]
        for (order, refusal) in cases {
            #expect(root.machine.outlook(of: order) == .refused(refusal))
            #expect(root.run([.order(order)], at: now) == [.refusedOrder(refusal)])
        }
        let new = BudgetOutlook(budget: Micros(7), spent: .zero, stillBillable: .zero)
        #expect(root.machine.outlook(of: order(7, version: nil, of: "b")) == .taken(new))
        #expect(root.machine.account(AccountName(campaign: "b")) == nil)
    }
}
