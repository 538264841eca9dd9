// What a node says of a sample is not believed where it cannot be: whatever it says, the coordinator goes on.
import Documents
import Testing
import Units

@testable import paceline_coordinator

@Suite struct ForecastSampleTests {
    private static let keys = [
        "perSecond", "seconds", "kept", "decided", "requests", "places", "contested", "priced", "priceSum",
        "priceTenth", "priceMiddle", "priceNineTenths", "otherCurrency", "countable", "viewers", "once",
        "twice", "journals", "unread",
    ]

    private static func tree(_ changes: [String: String] = [:], day: [String: String] = [:]) -> JSONTree {
        let plain = [
            "perSecond": "10", "seconds": "90000", "kept": "1000", "decided": "1000", "requests": "100",
            "places": "200", "contested": "50", "priced": "200", "priceSum": "2000", "priceTenth": "5",
            "priceMiddle": "10", "priceNineTenths": "15", "otherCurrency": "0", "countable": "100",
            "viewers": "100", "once": "100", "twice": "0", "journals": "2", "unread": "0",
        ].merging(changes) { $1 }
        let weekday = ["decided": "100", "places": "20"].merging(day) { $1 }
        func object(_ all: [String: String]) -> JSONTree {
            .object(all.map { .init($0.key, JSONTree(.number($0.value))) })
        }
        guard case .object(let members) = object(plain).content else { return .null }
        return .object(
            members + [
                .init("isCut", .bool(false)),
                .init("weekdays", .array([JSONTree](repeating: object(weekday), count: 7))),
                .init("outcomes", ["floor": ["why": "a floor", "lineItems": 3]]),
            ])
    }

    private static func terms(_ lifetime: Micros = Micros(100_000_000), spent: Micros = .zero)
        -> ForecastDraft.Terms
    {
        let start = Instant(nanoseconds: 1_795_224_600_000_000_000)
        return ForecastDraft.Terms(
            campaign: "one", currency: "USD", flight: start..<start + .seconds(500 * 86_400),
            lifetime: lifetime, spent: spent, daily: nil,
            caps: [.init(lineItem: "item", impressions: .max, window: .seconds(3_600))], isCapped: true,
            lineItems: ["item"], leftOut: 0, isPaused: false)
    }

    private static func sample(_ changes: [String: String] = [:]) throws -> ForecastSample {
        try ForecastSample(tree(changes), region: "here")
    }

    @Test func whatCannotBeIsRefused() throws {
        _ = try Self.sample()
        for (key, value) in [
            ("decided", "1001"), ("requests", "1000.5"), ("requests", "1001"), ("places", "200.5"),
            ("places", "1e9"), ("contested", "101"), ("priced", "201"), ("priceSum", "9000000000000"),
            ("perSecond", "1e15"), ("perSecond", "inf"), ("perSecond", "nan"), ("seconds", "-1"),
            ("viewers", "101"),
            ("once", "101"), ("twice", "1"), ("unread", "3"), ("decided", "1e-300"),
        ] {
            #expect(throws: (any Error).self, "\(key): \(value)") { try Self.sample([key: value]) }
        }
        for (key, value) in [("decided", "0.5"), ("places", "201"), ("decided", "1001")] {
            #expect(throws: (any Error).self) { try ForecastSample(Self.tree(day: [key: value]), region: "") }
        }
    }

    /// Two brokers that say as much as is taken.
    @Test func sumsOfTheLargestSamplesAreSaid() throws {
        let largest = try Self.sample([
            "kept": "1000000000", "decided": "1000000000", "requests": "1000000000",
            "places": "1000000000000",
            "priced": "1000000000000", "priceSum": "9223372036854.775807", "perSecond": "1e7",
            "countable": "1000000000", "viewers": "1000000000", "once": "1000000000",
        ])
        let forecast = Forecast(Self.terms(.max), [largest, largest], silent: 0).tree
        #expect(forecast.line.contains("placesADay"))
    }

    @Test func anythingIsReadOrRefused() throws {
        let seed = UInt64.random(in: 1...1_000_000)
        var random = Randomness(seed: seed)
        let values = [
            "0", "1", "-1", "0.5", "1e-320", "1e15", "1e16", "1e308", "1e400", "-1e400", "nan", "inf",
            "9223372036854.775807", "9223372036854775807", "1000000000", "1000000000000", "200", "1e9",
        ]
        var taken = 0
        for round in 0..<4_000 {
            var changes: [String: String] = [:]
            for _ in 0..<random.next(in: 1...4) {
                changes[Self.keys[Int(random.next(below: UInt64(Self.keys.count)))]] =
                    values[Int(random.next(below: UInt64(values.count)))]
            }
            guard let sample = try? Self.sample(changes) else { continue }
            taken += 1
            let lifetime = round % 2 == 0 ? Micros.max : Micros(1)
            #expect(
                Forecast(Self.terms(lifetime), [sample, sample], silent: 0).tree.line.contains("warnings"),
                "seed \(seed): \(changes)")
        }
        #expect(taken > 50, "seed \(seed)")
    }

    /// What is spent already cannot be spent in the rest of a flight.
    @Test func ofACampaignThatRunsWhatIsLeftIsCounted() throws {
        func said(_ spent: Int64, _ perSecond: String) throws -> (spend: String?, warnings: String) {
            let terms = Self.terms(spent: Micros(spent * 1_000_000))
            let tree = Forecast(terms, [try Self.sample(["perSecond": perSecond])], silent: 0).tree
            guard case .number(let spend)? = tree["spend"]?.content else { return (nil, "") }
            return (spend, tree["warnings"]?.line ?? "")
        }
        #expect(try said(0, "10").spend == "100.0")
        #expect(try said(95, "10").spend == "5.0")
        #expect(try !said(95, "10").warnings.contains("about"))
        let short = try said(60, "0.00001").warnings
        #expect(short.contains("of what is left of its budget, 40") && short.contains(" about "), "\(short)")
        #expect(try said(100, "10").warnings.contains("is spent already"))
    }

    @Test func journalsThatWereNotReadAreSaid() throws {
        let tree = Forecast(Self.terms(), [try Self.sample(["unread": "1"])], silent: 0).tree
        #expect(tree["warnings"]?.line.contains("of 1 of 2 journals too little was read") == true)
    }
}
