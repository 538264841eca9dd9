// Both files, as they are written and as they may be damaged.
import Testing

@testable import Reconciliation

@Suite struct ReadingTests {
    @Test func aRecordIsReadAsItIsWritten() throws {
        let events = BillEvent.Kind.allCases.map {
            BillEvent(
                at: 17, $0, region: "east", campaign: "a b", amount: 30,
                key: BillKey(session: .max, shard: 3, sequence: 1 << 47))
        }
        let text = events.map(\.line).joined() + "20\tfault\tnode-kill\n40\thealed\tnode-kill\t5000\n"
        let record = try BillRecord(reading: Array(text.utf8))
        #expect(record.events == events)
        #expect(record.faults == [InjectedFault(name: "node-kill", at: 20, healed: 40, bound: 5_000)])
    }

    @Test func whatAKilledWriterWasAboutToSayIsLeftOut() throws {
        let record = try BillRecord(reading: Array("1\tsold\teast\ta\t30\t7\t0\t1\n2\tacknowl".utf8))
        #expect(record.events.count == 1)
        #expect(try BillRecord(reading: []).events.isEmpty)
    }

    @Test func sessionsAreTheirSignedNumbersInTheDatabase() throws {
        let rows = try LedgerRows(
            reading: Array("leaf\t-1\t-2\nblock\t-1\t4\t0\t7\t-9223372036854775808\t5\t0\n".utf8))
        #expect(rows.leaves == [.init(node: .max, root: .max - 1)])
        #expect(rows.blocks[0].mask == 1 << 63)
    }

    @Test(arguments: [
        ("1\tsold\teast\ta\tx\t7\t0\t1\n", "line 1: column 5, MICROS, is 'x' and no number of its range"),
        ("\n1\tsold\teast\n", "line 2: column 4, CAMPAIGN, is not there"),
        ("1\tgiven\teast\n", "line 1: 'given' is nothing that happens to an ad"),
        ("1\thealed\tx\t5\n", "line 1: 'x' is healed and was not injected"),
    ])
    func aLineThatSaysSomethingElseIsRefused(_ text: String, _ problem: String) {
        let error = #expect(throws: UnreadableLine.self) { try BillRecord(reading: Array(text.utf8)) }
        #expect(error?.description == problem)
    }

    @Test(arguments: [
        ("room\t1\n", "line 1: 'room' is none of the ledger's tables"),
        ("cell\t1\t2\t3\t4\n", "line 1: column 6, a number, is not there"),
        ("session\t1\tx\n", "line 1: column 3 is 'x', and neither t nor f"),
    ])
    func aRowOfAnotherTableIsRefused(_ text: String, _ problem: String) {
        let error = #expect(throws: UnreadableLine.self) { try LedgerRows(reading: Array(text.utf8)) }
        #expect(error?.description == problem)
    }
}
