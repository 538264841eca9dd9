// Numbers, exact: against the C library's strtod and the standard library's integers.
import Foundation
import JSON
import Testing
import Units

private func number(_ text: String) -> (
    double: Result<Double, JSONError>, int64: Result<Int64, JSONError>, uint64: Result<UInt64, JSONError>
)? {
    let bytes = Array(text.utf8)
    var scratch = JSONScratch(maximumBytes: bytes.count)
    guard let document = try? JSONDocument(bytes.span.bytes, scratch: &scratch) else { return nil }
    let value = document.root
    var (double, int64, uint64):
        (Result<Double, JSONError>, Result<Int64, JSONError>, Result<UInt64, JSONError>)
    do throws(JSONError) { double = .success(try value.double()) } catch { double = .failure(error) }
    do throws(JSONError) { int64 = .success(try value.int64()) } catch { int64 = .failure(error) }
    do throws(JSONError) { uint64 = .success(try value.uint64()) } catch { uint64 = .failure(error) }
    return (double, int64, uint64)
}

@Suite struct NumberTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("7", 7), ("-7", -7), ("12345678", 12_345_678), ("123456789", 123_456_789),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min), ("-1234567", -1_234_567),
    ])
    func readsIntegers(text: String, expected: Int64) {
        #expect(number(text)?.int64 == .success(expected))
        #expect(number(" \(text) ")?.int64 == .success(expected))
    }

    @Test(arguments: [
        ("9223372036854775808", JSONError.Reason.outOfRange), ("-9223372036854775809", .outOfRange),
        ("18446744073709551616", .outOfRange), ("100000000000000000000000", .outOfRange),
        ("1.0", .notInteger),
        ("1e3", .notInteger), ("1E3", .notInteger), ("12345678.5", .notInteger), ("\"1\"", .notNumber),
        ("true", .notNumber),
    ])
    func refusesIntegers(text: String, reason: JSONError.Reason) {
        #expect(number(text)?.int64 == .failure(JSONError(reason, at: 0)))
    }

    @Test func readsUnsigned() {
        #expect(number("18446744073709551615")?.uint64 == .success(.max))
        #expect(number("18446744073709551616")?.uint64 == .failure(JSONError(.outOfRange, at: 0)))
        #expect(number("-1")?.uint64 == .failure(JSONError(.outOfRange, at: 0)))
        #expect(number("-0")?.uint64 == .success(0))
    }

    /// Money is read the short way where that is possible: always as the decimal itself says, or with its refusal.
    @Test func readsMoneyAsItIsWritten() {
        let seed = UInt64.random(in: 1...1_000_000)
        var randomness = Randomness(seed: seed)
        var texts = [
            "0", "-0", "0.5", "1.000001", "1.0000001", "1.0000000", "1e3", "1.5e2", "1.5E-2", "-2.25",
        ]
        for _ in 0..<2_000 {
            let whole =
                randomness.next() % [10, 1_000, 100_000_000, 20_000_000_000_000][Int(randomness.next() % 4)]
            let decimals = String(randomness.next()).prefix(Int(randomness.next() % 9))
            texts.append(decimals.isEmpty ? "\(whole)" : "\(whole).\(decimals)")
        }
        for text in texts {
            let bytes = Array("[\(text)]".utf8)
            var scratch = JSONScratch(maximumBytes: bytes.count)
            let expected = try? Micros(decimal: text)
            #expect(Self.micros(bytes.span.bytes, &scratch) == expected, "\(text), seed \(seed)")
        }
    }

    private static func micros(_ bytes: RawSpan, _ scratch: inout JSONScratch) -> Micros? {
        guard let document = try? JSONDocument(bytes, scratch: &scratch),
            var elements = try? document.root.array(), let value = elements.next()
        else { return nil }
        return try? value.micros()
    }

    private func compare(_ text: String) {
        let expected = strtod(text, nil)
        switch number(text)?.double {
        case .success(let value):
            #expect(value.bitPattern == expected.bitPattern, "\(text): \(value), not \(expected)")
        case .failure(let error): #expect(expected.isInfinite && error.reason == .outOfRange, "\(text)")
        case nil: Issue.record("\(text) is no document")
        }
    }

    @Test func readsHardDoubles() {
        let halfOfSmallest = "2.4703282292062327208299439634110764462e-324"
        for text in [
            "0", "-0", "0.0", "1e400", "1e-400", "-1e-400", "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017977587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880",
            "4.9e-324", "2.2250738585072014e-308", "2.2250738585072011e-308", "5e-324", "2.5e-324",
            "2.4e-324", halfOfSmallest,
            halfOfSmallest + "1", "9007199254740993",
            "9007199254740993.0000000000000000000000000000000000000000001",
            "9007199254740992.9999999999999999999999999999", "9007199254740995",
            "0.500000000000000166533453693773481063544750213623046875",
            "1090544144181609348835077142190", "8.5e-7", "123456789012345678",
            "0." + String(repeating: "0", count: 1_000) + "1e1001",
            "1" + String(repeating: "0", count: 1_000) + "e-1000", "1" + String(repeating: "0", count: 400),
            "0e99999999999999999999",
            "1e99999999999999999999", "1e-99999999999999999999", "6.0221407600000000000000000000001e23",
            "3.518437208883201171875e13",
        ] { compare(text) }
    }

    @Test func readsRandomDoubles() {
        var randomness = Randomness(seed: 40)
        var documents = RandomDocuments(seed: 41)
        for round in 0..<AgreementTests.rounds {
            let double = abs(Double(bitPattern: randomness.next()))
            guard double.isFinite else { continue }
            compare("\(double)")
            compare(String(format: "%.\(round % 25)e", double))
            compare(documents.number())
            // Exactly between two neighbours, and a hair to each side of it: the hardest there are.
            let middle = exactMiddle(double)
            compare(middle)
            compare(middle.replacingOccurrences(of: "e", with: "1e"))
            #expect(written(double) == double)
            let short = (randomness.nextUnit() * 1e6).rounded() / 1e4
            #expect(written(short) == short)
        }
    }

    /// The exact decimal of the middle of a Double and the next: long double arithmetic of the C library
    /// prints it.
    private func exactMiddle(_ double: Double) -> String {
        guard double.nextUp.isFinite else { return "1" }
        let middle = Float80(double) + (Float80(double.nextUp) - Float80(double)) / 2
        return withVaList([middle]) { list in
            var buffer = [CChar](repeating: 0, count: 2_000)
            vsnprintf(&buffer, buffer.count, "%.1100Le", list)
            return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    /// What the writer makes of a Double, which must be as short as the standard library's text and read
    /// back.
    private func written(_ double: Double) -> Double? {
        var buffer = [UInt8](repeating: 0, count: 40)
        var span = buffer.mutableSpan
        var writer = unsafe JSONWriter(span.mutableBytes)
        writer.value(double)
        guard let count = try? writer.finish() else { return nil }
        let text = String(decoding: buffer[..<count], as: UTF8.self)
        func digits(_ text: String) -> String {
            let digits = text.prefix { $0 != "e" }.filter(\.isNumber).drop { $0 == "0" }
            return String(digits.reversed().drop { $0 == "0" }.reversed())
        }
        #expect(digits(text) == digits(double.description), "\(text), not \(double)")
        guard case .success(let value) = number(text)?.double else { return nil }
        return value
    }

    @Test func writesShortestDoubles() {
        let doubles: [Double] = [
            0, -0.0, 1, -1, 0.1, 0.3, 1e15, 1e21, 1e22, 123456789012345680, 1e-5, 1e-6, 1e-7, 1.5e-10,
            Double.leastNonzeroMagnitude, 2.2250738585072014e-308,
            1.7976931348623157e308, 9007199254740994, 0.1 + 0.2, 1e300, 1e-300, 100, 2e-44, 0x1p-1022,
            0x1p1023, 0x1p-44, 9.5367431640625e-07,
        ]
        for double in doubles {
            #expect(written(double)?.bitPattern == double.bitPattern, "\(double)")
        }
        for exponent in -1074...1023 {
            let double = Double(sign: .plus, exponent: exponent, significand: 1)
            #expect(written(double) == double, "2^\(exponent)")
        }
    }
}
