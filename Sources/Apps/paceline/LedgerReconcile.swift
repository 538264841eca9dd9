// `paceline ledger reconcile`: what an exchange wrote down of its bills, held against the ledger's tables. It asks no program of
// the fleet: what all of them have got wrong together shows here.
import Commands
import Documents
import Reconciliation

enum LedgerReconcile {
    private static let record = Parameter.requiredOption(
        "record", WordKind.file, "What became of each ad, as `paceline traffic --record` writes it.")
    private static let rows = Parameter.requiredOption(
        "rows", WordKind.file, "The ledger's tables, as psql prints `Tests/Faults/rows.sql`.")
    private static let earlier = Parameter.option(
        "earlier", WordKind.file,
        "The same tables at an earlier time: nothing settled then may be missing now."
    )

    /// A day of a small fleet's bills, and its blocks beside it; both are held in memory several times over.
    private static let bytesMost = 256 << 20
    private static let shownMost = 20

    static let command = Command(
        "reconcile", "Holds an exchange's bills against the ledger.",
        discussion: """
            Every bill that a node has acknowledged must be settled, once, from its campaign's money, for what was asked; \
            no account may have more out than its budget; accounts, movements, sessions and nodes must come to the same. Where \
            the record says what was broken when, each region must have sold again within the bound that stands there. \
            Exits with 1 where anything is wrong, by name.

            Read the tables when all is quiet: what a node was told a moment ago is on its way.
            """,
        parameters: [record, rows, earlier, Parameter.json],
        examples: [
            Example(
                #"printf '1\tsold\teast\ta\t30\t7\t0\t1\n' > bills.tsv && "#
                    + #"printf 'account\t1\t-1\ta\t100\t0\t0\t0\t0\t0\n' > rows.tsv && "#
                    + "paceline ledger reconcile --record bills.tsv --rows rows.tsv",
                "One ad that was sold and not shown.",
                prints: "1 ads sold, 0 bills told, 0 acknowledged for 0 micros, 0 refused, 0 given up"),
            Example(
                #"printf '1\ttold\teast\ta\t30\t7\t0\t1\n2\tacknowledged\teast\ta\t30\t7\t0\t1\n' > bills.tsv && "#
                    + "paceline ledger reconcile --record bills.tsv --rows rows.tsv",
                "A bill that the ledger has lost.", outcome: .failed),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let bills = try read(call[record]) { bytes throws(UnreadableLine) in try BillRecord(reading: bytes) }
        let tables = try read(call[rows]) { bytes throws(UnreadableLine) in try LedgerRows(reading: bytes) }
        var former: LedgerRows?
        if let path = call[earlier] {
            former = try read(path) { bytes throws(UnreadableLine) in try LedgerRows(reading: bytes) }
        }
        let wrong = Reconciler.discrepancies(between: bills, and: tables, since: former)
        let sums = BillSums(of: bills)
        if call[Parameter.json] {
            output.print(tree(sums, Delivery.all(in: bills), wrong))
        } else {
            output.print(
                "\(sums.sold) ads sold, \(sums.told) bills told, \(sums.acknowledged) acknowledged for "
                    + "\(sums.micros) micros, \(sums.refused) refused, \(sums.lost) given up")
            for one in wrong.prefix(shownMost) { output.print("\(one)") }
            if wrong.count > shownMost { output.print("and \(wrong.count - shownMost) more") }
        }
        return wrong.isEmpty ? .ok : .failed
    }

    private static func read<Value>(
        _ path: String, _ body: ([UInt8]) throws(UnreadableLine) -> Value
    ) throws(Failure) -> Value {
        let bytes = try InputFile.read(path, limit: bytesMost)
        do throws(UnreadableLine) {
            return try body(bytes)
        } catch {
            throw Failure("\(InputFile.displayName(path)): \(error)")
        }
    }

    private static func tree(_ sums: BillSums, _ all: [Delivery], _ wrong: [Discrepancy]) -> JSONTree {
        let faults = all.map { one -> JSONTree in
            [
                "name": .string(one.fault.name), "boundMilliseconds": .number(Int(one.fault.bound)),
                "regions": .array(
                    one.regions.map { region -> JSONTree in
                        [
                            "name": .string(region.name),
                            "longestGapMilliseconds": .number(Int(region.longestGap)),
                            "resumedMilliseconds": region.resumed.map { .number(Int($0)) } ?? .null,
                        ]
                    }),
            ]
        }
        return [
            "sold": .number(sums.sold), "told": .number(sums.told),
            "acknowledged": .number(sums.acknowledged),
            "micros": .number(sums.micros), "refused": .number(sums.refused), "lost": .number(sums.lost),
            "faults": .array(faults),
            "discrepancies": .array(
                wrong.map { ["kind": .string($0.kind.rawValue), "what": .string($0.what)] }),
        ]
    }
}
