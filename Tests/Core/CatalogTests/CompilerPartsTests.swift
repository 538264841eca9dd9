// What the compiler of catalogs is made of: texts under numbers, lists of values, and expressions as lines.
import Documents
import Testing
import Units

@testable import Catalog

@Suite struct CompilerPartsTests {
    @Test func textsAreThereOnce() {
        var random = Randomness(seed: 3)
        var table = TextTable()
        var numbers: [String: UInt32] = [:]
        // Few letters and short texts, so that many come again and share beginnings; lengths around eight bytes, by which
        // texts are compared.
        for _ in 0..<20_000 {
            let text = String((0..<random.next(in: 0...12)).map { _ in "ab\u{e9}".randomElement(&random) })
            let number = table.number(text)
            #expect(numbers[text, default: number] == number)
            numbers[text] = number
        }
        #expect(table.count == numbers.count)
        #expect(table.byteCount == numbers.keys.reduce(0) { $0 + $1.utf8.count })
        for (text, number) in numbers { #expect(table.find(text) == number && table[number] == text) }
        #expect(table.find("c") == nil)
        let sorted = table.sorted().map { table[$0] }
        #expect(sorted == numbers.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    }

    @Test func kindsAndLongTextsAreKeptApart() {
        var table = TextTable()
        let long = String(repeating: "long ", count: 500_000)
        let numbers = [
            table.number("a", kind: 1), table.number("a", kind: 2), table.number(long),
            table.number(long + "er"),
        ]
        #expect(numbers == [0, 1, 2, 3])
        #expect(table.find("a") == nil)
        #expect(table.find("a", kind: 2) == 1)
        #expect(table.kind(of: 1) == 2)
        #expect(table[2] == long)
    }

    @Test func valuesAreComparedAsDimensionsDo() {
        var values = ValueNumbers()
        for name in ["roku", "Roku", "ROKU", "tizen"] { values.note(.os, name) }
        for name in ["roku", "Roku"] { values.note(.deal, name) }
        values.number()
        #expect(values.values.map(\.name) == ["Roku", "roku", "roku", "tizen"])
        #expect(values[.os, "rOKU"] == values[.os, "roku"])
        #expect(values[.deal, "Roku"] == 0)
        #expect(values[.deal, "ROKU"] == nil)
    }

    @Test func listsStandInTheOrderOfDimensions() {
        var lists = ValueLists()
        for dimension in [Dimension.os, .country, .audience, .os] { lists[dimension] = [dimension.name] }
        #expect(lists.all.map(\.dimension) == [.country, .os, .audience])
        #expect(lists[.os] == ["os"])
        lists[.os] = nil
        #expect(lists[.os] == nil && lists.all.count == 2)
    }

    /// The line is written without the schema, and says what the schema would.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func linesAreWhatSchemasShow(seed: UInt64) {
        var random = RandomCatalog(seed: seed)
        for item in random.catalog(lineItems: 20).lineItems {
            guard let targeting = item.targeting else { continue }
            #expect(targeting.line == TargetingObject.schema.show(targeting).line)
        }
    }

    @Test func linesSayEveryKey() {
        var targeting = TargetingObject()
        for dimension in Dimension.allCases where dimension != .livestream {
            targeting.lists[dimension] = ["a \"\(dimension)\" \\ \u{1}", "é"]
        }
        targeting.livestream = false
        targeting.radius = [Circle(latitude: Micros(1), longitude: Micros(2), kilometers: Micros(3_000_000))]
        targeting.daypart = [Daypart()]
        targeting.custom = ["b": ["1"], "a": ["2", "3"]]
        targeting.not = [targeting]
        (targeting.all, targeting.any) = ([targeting, targeting], [targeting])
        #expect(targeting.line == TargetingObject.schema.show(targeting).line)
    }
}

extension String {
    fileprivate func randomElement(_ random: inout Randomness) -> Character {
        Array(self)[random.next(in: 0...count - 1)]
    }
}
