// A history in which all is well, and forged ones, each of which has to be rejected by its name.
import Testing

@testable import Reconciliation

/// Two bills of one node, of campaign a and its day's account, settled by one block; one ad that was not shown.
private struct History {
    var record = BillRecord()
    var rows = LedgerRows()
    var earlier: LedgerRows?

    static let bills = [
        BillKey(session: 9, shard: 0, sequence: 64), BillKey(session: 9, shard: 0, sequence: 66),
    ]

    init() {
        for (index, key) in Self.bills.enumerated() {
            let at = Int64(index) * 100
            for (kind, later) in [
                (BillEvent.Kind.sold, Int64(0)), (.told, 10), (.acknowledged, 20),
            ] {
                record.events.append(event(at + later, kind, key, amount: 30 + Int64(index)))
            }
        }
        record.events.append(event(2_000, .sold, BillKey(session: 9, shard: 0, sequence: 67), amount: 5))
        record.faults = [InjectedFault(name: "a fault", at: 500, healed: 1_500, bound: 1_000)]
        rows.accounts = [
            .init(
                id: 1, parent: -1, campaign: "a", budget: 1_000, granted: 39, settled: 61, suspense: 0,
                presumed: 0, late: 0),
            .init(
                id: 2, parent: 1, campaign: "a", budget: 100, granted: 39, settled: 61, suspense: 0,
                presumed: 0, late: 0),
        ]
        rows.sessions = [.init(session: 5, isFenced: false)]
        rows.cells = [
            .init(session: 5, account: 2, granted: 110, returned: 10, settled: 61, closedLeaves: 0)
        ]
        rows.leaves = [.init(node: 9, root: 5)]
        rows.leafCells = [
            .init(
                node: 9, account: 2, paid: 61, late: 0, claimed: 0, drawn: 0, freed: 0, isClosed: false)
        ]
        rows.blocks = [
            .init(node: 9, account: 2, shard: 0, number: 1, mask: 0b101, paid: 61, late: 0)
        ]
        rows.streams = [3: 8]
        for (sequence, (source, target, amount)) in [(0, 1, Int64(110)), (1, 0, 10), (1, 2, 61)].enumerated()
        {
            rows.movements.append(
                .init(
                    stream: 3, number: 8, sequence: Int64(sequence), account: 2, source: source,
                    target: target, amount: amount))
        }
    }

    func event(_ at: Int64, _ kind: BillEvent.Kind, _ key: BillKey, amount: Int64) -> BillEvent {
        BillEvent(at: at, kind, region: "east", campaign: "a", amount: amount, key: key)
    }

    var found: [Discrepancy] {
        Reconciler.discrepancies(between: record, and: rows, since: earlier)
    }
}

private struct Forgery: Sendable, CustomTestStringConvertible {
    let name: Discrepancy.Kind
    let testDescription: String
    let forge: @Sendable (inout History) -> Void

    init(_ name: Discrepancy.Kind, _ what: String, _ forge: @escaping @Sendable (inout History) -> Void) {
        (self.name, testDescription, self.forge) = (name, "\(name.rawValue): \(what)", forge)
    }
}

private let forgeries: [Forgery] = [
    Forgery(.overspent, "a day's account gave out more than its budget") { $0.rows.accounts[1].budget = 99 },
    Forgery(.billedBeyondBudget, "exchanges were acknowledged more than the campaign may spend") { one in
        // Told and acknowledged by a node that nobody gave money, and covered by a settlement of a second one.
        one.rows.accounts.append(
            .init(
                id: 7, parent: -1, campaign: "b", budget: 10, granted: 0, settled: 0, suspense: 0,
                presumed: 0, late: 0))
        one.rows.claims = [
            .init(
                key: .init(session: 8, shard: 0, sequence: 1), account: 7, paid: 0, late: 20, isMerged: false)
        ]
        for kind in [BillEvent.Kind.told, .acknowledged] {
            var event = one.event(1, kind, .init(session: 8, shard: 0, sequence: 1), amount: 20)
            event.campaign = "b"
            one.record.events.append(event)
        }
    },
    Forgery(.settlementLost, "a bill was acknowledged and never settled") { one in
        let key = BillKey(session: 9, shard: 0, sequence: 70)
        one.record.events += [
            one.event(7, .told, key, amount: 3), one.event(8, .acknowledged, key, amount: 3),
        ]
    },
    Forgery(.settlementLost, "a bill of another shard stands in for it") { one in
        for index in one.record.events.indices where one.record.events[index].key == History.bills[0] {
            one.record.events[index].key.shard = 1
        }
    },
    Forgery(.settledTwice, "a claim is counted beside the holder's own settlement") { one in
        one.rows.claims = [.init(key: History.bills[0], account: 2, paid: 30, late: 0, isMerged: false)]
        one.rows.leafCells[0].paid -= 30
        one.rows.blocks[0].paid -= 30
        one.rows.blocks[0].late += 30
    },
    Forgery(.settledUntold, "the ledger settles an ad that nobody billed") {
        $0.rows.blocks[0].mask |= 0b1000
    },
    Forgery(.otherAmount, "a settlement of another price") {
        $0.record.events.mutate(History.bills[0]) { $0.amount = 31 }
    },
    Forgery(.otherAmount, "a claim of another price") { one in
        let key = BillKey(session: 9, shard: 0, sequence: 200)
        one.record.events += [
            one.event(7, .told, key, amount: 3), one.event(8, .acknowledged, key, amount: 3),
        ]
        one.rows.claims = [.init(key: key, account: 2, paid: 0, late: 4, isMerged: false)]
    },
    Forgery(.otherCampaign, "an ad is paid from another campaign's money") { one in
        one.rows.accounts.append(
            .init(
                id: 7, parent: -1, campaign: "b", budget: 100, granted: 0, settled: 0, suspense: 0,
                presumed: 0, late: 0))
        one.record.events.mutate(History.bills[0]) { $0.campaign = "b" }
    },
    Forgery(.refusedAndSettled, "a bill that was refused counts") {
        $0.record.events.mutate(History.bills[0]) { if $0.kind == .acknowledged { $0.kind = .refused } }
    },
    Forgery(.unresolved, "a bill was told and left") {
        $0.record.events.removeAll { $0.kind == .acknowledged && $0.key == History.bills[1] }
    },
    Forgery(.resolvedTwice, "a bill was taken and refused") { one in
        one.record.events.append(one.event(90, .refused, History.bills[0], amount: 30))
        one.record.events.append(one.event(91, .acknowledged, History.bills[0], amount: 30))
    },
    Forgery(.unbalanced, "an account says more than its movements") { one in
        one.rows.movements[0].amount -= 5
        one.rows.movements[1].amount -= 6
    },
    Forgery(.movedTwice, "a batch is there twice") { one in
        one.rows.movements.append(one.rows.movements[1])
        one.rows.movements[1].amount = 4
        one.rows.movements[3].amount = 6
    },
    Forgery(.movedOutsideBatches, "a movement of a batch that is not there") { $0.rows.streams = [3: 7] },
    Forgery(.sessionsDisagree, "a session has money that its account does not know of") {
        $0.rows.cells[0].granted += 1
    },
    Forgery(.nodesDisagree, "a node's sum is not what its settlements say") { one in
        one.rows.leafCells[0].paid -= 1
        one.rows.leaves.append(.init(node: 10, root: 5))
        one.rows.leafCells.append(
            .init(
                node: 10, account: 2, paid: 1, late: 0, claimed: 0, drawn: 0, freed: 0, isClosed: false))
    },
    Forgery(.settlementVanished, "a settlement that was there is gone") { one in
        one.earlier = one.rows
        one.earlier?.blocks[0].mask |= 0b10
    },
    Forgery(.deliveryLate, "a region sold nothing behind a fault") { $0.record.events.removeLast() },
    Forgery(.deliveryLate, "a region sold again, beyond the bound") { $0.record.faults[0].bound = 499 },
]

extension [BillEvent] {
    fileprivate mutating func mutate(_ key: BillKey, _ body: (inout BillEvent) -> Void) {
        for index in indices where self[index].key == key { body(&self[index]) }
    }
}

@Suite struct ForgedTests {
    @Test func aTrueHistoryIsTaken() { #expect(History().found == []) }

    @Test(arguments: forgeries) private func isRejectedByName(_ forgery: Forgery) {
        var history = History()
        forgery.forge(&history)
        #expect(Set(history.found.map(\.kind)).contains(forgery.name), "\(history.found)")
    }

    @Test func everyNameHasItsForgery() {
        #expect(Set(forgeries.map(\.name)) == Set(Discrepancy.Kind.allCases))
    }

    /// The session is fenced and its only node has closed it: of what it drew ten are left, which nobody can tell of.
    private func closed() -> History {
        var history = History()
        history.rows.sessions[0].isFenced = true
        history.rows.cells[0].closedLeaves = 1
        (history.rows.leafCells[0].drawn, history.rows.leafCells[0].isClosed) = (71, true)
        history.rows.movements.append(
            .init(stream: 3, number: 8, sequence: 8, account: 2, source: 1, target: 3, amount: 10))
        history.rows.movements.append(
            .init(stream: 3, number: 8, sequence: 9, account: 2, source: 1, target: 0, amount: 29))
        for index in history.rows.accounts.indices {
            (history.rows.accounts[index].granted, history.rows.accounts[index].suspense) = (0, 10)
        }
        return history
    }

    @Test func whatAClosingFreesIsFree() { #expect(closed().found == []) }

    @Test func nothingIsFreeBeforeAllNodesHaveClosed() {
        var history = closed()
        history.rows.leaves.append(.init(node: 10, root: 5))
        #expect(Set(history.found.map(\.kind)) == [.sessionsDisagree])
    }

    /// Who gives up knows nothing: either is right.
    @Test(arguments: [true, false]) func aBillThatWasGivenUpMayCountOrNot(_ counts: Bool) {
        var history = History()
        if counts {
            history.record.events.mutate(History.bills[0]) { if $0.kind == .acknowledged { $0.kind = .lost } }
        } else {
            let key = BillKey(session: 9, shard: 0, sequence: 99)
            history.record.events += [
                history.event(7, .told, key, amount: 3), history.event(8, .lost, key, amount: 3),
            ]
        }
        #expect(history.found == [])
    }
}
