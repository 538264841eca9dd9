// Money: exact text both ways, and arithmetic that never wraps.
import Testing
import Units

@Suite struct MicrosTests {
    @Test(arguments: [
        ("0", 0), ("-0", 0), ("1", 1_000_000), ("1.25", 1_250_000), ("-0.000001", -1),
        ("0.1000000000", 100_000),
        ("3e2", 300_000_000), ("3E+2", 300_000_000), ("12345e-6", 12345),
        ("0.0000000000000000000001e22", 1_000_000),
        ("9223372036854.775807", Int64.max), ("-9223372036854.775808", Int64.min), ("0e999999999999", 0),
        ("10000000000000000000000e-20", 100_000_000), ("0.00000100000000000000000000000000", 1),
    ])
    func reads(text: String, micros: Int64) throws {
        #expect(try Micros(decimal: text) == Micros(micros))
    }

    @Test(arguments: [
        ("", MicrosError.malformed), ("-", .malformed), ("+1", .malformed), ("01", .malformed),
        ("1.", .malformed),
        (".5", .malformed), ("1e", .malformed), ("1e+", .malformed), ("1 ", .malformed), ("0x1", .malformed),
        ("NaN", .malformed), ("--1", .malformed), ("1.5.5", .malformed),
        ("0.0000001", .tooPrecise), ("1.2345678", .tooPrecise), ("1e-7", .tooPrecise),
        ("0.1234567890123456789012345", .tooPrecise), ("1e-999999999999", .tooPrecise),
        ("9223372036854.775808", .outOfRange), ("-9223372036854.775809", .outOfRange), ("1e13", .outOfRange),
        ("1e999999999999", .outOfRange), ("123456789012345678901234567890", .outOfRange),
    ])
    func refuses(text: String, error: MicrosError) {
        #expect(throws: error) { try Micros(decimal: text) }
    }

    @Test func writesWhatItReads() throws {
        var randomness = Randomness(seed: 1)
        for round in 0..<20_000 {
            let amount = Micros(
                Int64(truncatingIfNeeded: randomness.next() >> UInt64(round % 64)) * (round % 2 == 0 ? 1 : -1)
            )
            #expect(try Micros(decimal: amount.description) == amount)
        }
        for (amount, text) in [
            (Micros.max, "9223372036854.775807"), (.min, "-9223372036854.775808"), (.zero, "0"),
            (Micros(-1), "-0.000001"),
            (Micros(1_500_000), "1.5"), (Micros(10_000_000), "10"), (Micros(100), "0.0001"),
        ] {
            #expect(amount.description == text)
            #expect(text.utf8.count <= Micros.longestText)
        }
    }

    @Test func reportsOverflow() {
        #expect(Micros.max.adding(Micros(1)) == nil)
        #expect(Micros.min.subtracting(Micros(1)) == nil)
        #expect(Micros.max.multiplied(by: 2) == nil)
        #expect(Micros(5).adding(Micros(-7)) == Micros(-2))
        #expect(Micros(5) * -3 - Micros(1) == Micros(-16))
        #expect(-Micros(5) + Micros(5) == .zero)
    }

    @Test func stopsOnOverflow() async {
        await #expect(processExitsWith: .failure) { _ = Micros.max + Micros(1) }
        await #expect(processExitsWith: .failure) { _ = Micros.min - Micros(1) }
        await #expect(processExitsWith: .failure) { _ = Micros.max * 2 }
        await #expect(processExitsWith: .failure) { _ = -Micros.min }
    }
}
