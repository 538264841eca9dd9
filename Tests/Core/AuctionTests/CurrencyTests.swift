// Conversions are exact, and what is left over never works against who pays.
import Auction
import Testing
import Units

@Suite struct CurrencyTests {
    @Test(
        arguments: [
            ("1", 1_000_000, 1_000_000, 1_000_000), ("1.5", 3, 4, 5), ("0.333333333", 10, 3, 4),
            ("0.00652", 1_000_000, 6_520, 6_520), ("1.0837", 1, 1, 2), ("1.0837", -1, -2, -1),
            ("2", -3, -6, -6),
            ("153.4", 7, 1_073, 1_074), ("0.000000001", 999_999_999, 0, 1),
        ] as [(String, Int64, Int64, Int64)])
    func roundsByUse(_ rate: String, _ amount: Int64, _ down: Int64, _ up: Int64) throws {
        let rate = try #require(ExchangeRate(decimal: rate))
        #expect(rate.convert(Micros(amount), for: .bid) == Micros(down))
        #expect(rate.convert(Micros(amount), for: .payment) == Micros(down))
        #expect(rate.convert(Micros(amount), for: .floor) == Micros(up))
    }

    @Test(arguments: [
        "", ".", "1.", ".5", "-1", "+1", "1e3", "0", "0.0", "1,5", "1.2.3", " 1", "1234567891",
        "0.1234567891", "0.0000000001", "٣",
    ])
    func refusesWhatIsNoRate(_ text: String) {
        #expect(ExchangeRate(decimal: text) == nil)
    }

    /// Against arithmetic that cannot round: multiplied out instead of divided.
    @Test func isExactAtEverySize() throws {
        var random = Randomness(seed: 41)
        for _ in 0..<20_000 {
            let upper = random.next() >> UInt64(random.next(in: 1...63)) | 1
            let lower = random.next() >> UInt64(random.next(in: 1...63)) | 1
            let rate = try #require(ExchangeRate(upper, per: lower))
            let amount = Micros(Int64(bitPattern: random.next()) >> Int64(random.next(in: 0...63)))
            let exact = Int128(amount.rawValue) * Int128(rate.numerator)
            for use in [AmountUse.bid, .floor] {
                guard let converted = rate.convert(amount, for: use) else {
                    #expect(exact.magnitude / UInt128(rate.denominator) >= UInt128(Int64.max))
                    continue
                }
                let error = Int128(converted.rawValue) * Int128(rate.denominator) - exact
                #expect(use == .bid ? error <= 0 : error >= 0)
                #expect(error.magnitude < UInt128(rate.denominator))
            }
        }
    }

    /// A bid that meets a floor in our currency meets it in the seller's, whatever the rate.
    @Test func bidsThatMeetAFloorHereMeetItThere() throws {
        var random = Randomness(seed: 42)
        for _ in 0..<20_000 {
            let rate = try #require(
                ExchangeRate(
                    UInt64(random.next(in: 1...999_999_999)), per: UInt64(random.next(in: 1...999_999_999))))
            let floor = Micros(Int64(random.next(in: 0...100_000_000)))
            guard let ours = rate.inverse.convert(floor, for: .floor) else { continue }
            let bid = try #require(rate.convert(ours, for: .bid))
            #expect(bid >= floor)
            if ours > .zero {
                #expect(try #require(rate.convert(ours - Micros(1), for: .bid)) < floor)
            }
        }
    }

    @Test func tablesCrossRatesExactly() throws {
        let (usd, eur, jpy) = (
            try #require(CurrencyCode("USD")), try #require(CurrencyCode("EUR")),
            try #require(CurrencyCode("JPY"))
        )
        var table = CurrencyTable(base: usd)
        expectTrue(table.set(eur, worth: try #require(ExchangeRate(decimal: "1.25"))))
        expectTrue(table.set(jpy, worth: try #require(ExchangeRate(decimal: "0.005"))))
        expectTrue(!table.set(usd, worth: try #require(ExchangeRate(2))))
        #expect(table.convert(Micros(4_000_000), from: eur, to: jpy, for: .bid) == Micros(1_000_000_000))
        #expect(table.rate(from: jpy, to: eur) == ExchangeRate(1, per: 250))
        #expect(table.rate(from: eur, to: eur) == .one)
        let other = try #require(CurrencyCode("XXX"))
        #expect(table.rate(from: usd, to: other) == nil)
        expectTrue(table.set(eur, worth: .one) && table.rate(from: eur, to: usd) == .one && table.count == 3)
        for first in UInt8(ascii: "A")...UInt8(ascii: "Z") {
            for second in UInt8(ascii: "A")...UInt8(ascii: "D") {
                let code = try #require(CurrencyCode(first, second, UInt8(ascii: "Q")))
                let isIn = table.set(code, worth: .one)
                #expect(
                    isIn == (table.count <= CurrencyTable.limit && table.rate(from: code, to: usd) != nil))
            }
        }
        #expect(table.count == CurrencyTable.limit)
    }

    @Test(arguments: ["", "US", "usd", "USDX", "U$D", "ÜSD"]) func refusesWhatIsNoCode(_ code: String) {
        #expect(CurrencyCode(code) == nil)
    }

    @Test func codesReadAsWritten() { #expect(CurrencyCode("CHF")?.description == "CHF") }
}
