// Settings as a journal holds them, so that a decision is made again with those that it was made with. A list of
// numbered fields: a reader refuses a field that it does not know, since it would decide otherwise without it.
internal import Auction
internal import OpenRTB
internal import Units

extension DecisionSettings {
    private enum Field: UInt8, CaseIterable {
        case seat = 1, vendor, base, rate, priors, podSteps, seenCreative, seenAdvertiser, notices
        case firstPremium, lastPremium, network, shadesBids
        case scoredMost
    }

    /// Names the settings: their checksum and, below it, their length in a record.
    public static func digest(of recorded: RawSpan) -> UInt64 {
        UInt64(CRC32C.checksum(of: recorded)) << 32 | UInt64(recorded.byteCount)
    }

    /// All that an answer depends on; the viewers' salt is not in it, as what it is for is recorded as the answers
    /// of a state.
    public var recorded: [UInt8] {
        var bytes: [UInt8] = []
        func put(_ field: Field, _ value: [UInt8]) {
            bytes.append(field.rawValue)
            bytes += Self.little(UInt16(value.count)) + value
        }
        put(.seat, Array(seat.utf8.prefix(Int(UInt16.max))))
        put(.vendor, Self.little(vendor))
        put(.base, Self.little(currencies.base.rawValue))
        for index in 1..<max(currencies.count, 1) {
            let (currency, rate) = currencies[index]
            put(
                .rate,
                Self.little(currency.rawValue) + Self.little(rate.numerator) + Self.little(rate.denominator))
        }
        put(
            .priors,
            Self.little(priors.click) + Self.little(priors.completedView) + Self.little(priors.action))
        put(.podSteps, Self.little(Int64(podSteps)))
        put(.seenCreative, Self.little(seenCreative.code))
        put(.seenAdvertiser, Self.little(seenAdvertiser.code))
        if network != .zero { put(.network, Self.little(network.nanoseconds)) }
        if let notices {
            put(
                .notices,
                Self.little(notices.keyID) + Self.little(notices.lifetime.nanoseconds)
                    + [notices.isBilledByImpression ? 1 : 0] + Array(notices.base.utf8))
        }
        if firstPremium != 0 { put(.firstPremium, Self.little(firstPremium)) }
        if shadesBids { put(.shadesBids, [1]) }
        if scoredMost != DecisionSettings().scoredMost { put(.scoredMost, Self.little(Int64(scoredMost))) }
        if lastPremium != 0 { put(.lastPremium, Self.little(lastPremium)) }
        return bytes
    }

    public init(recorded bytes: RawSpan) throws(RecordRefusal) {
        self.init()
        var scan = RecordScan(bytes)
        while scan.left > 0 {
            let code = try scan.fixed(UInt8.self, "a field")
            guard let field = Field(rawValue: code) else {
                throw scan.refusal("setting \(code)", "settings that this program knows")
            }
            let length = Int(try scan.fixed(UInt16.self, "a field's length"))
            let end = scan.offset + length
            try take(field, length, &scan)
            guard scan.offset == end else {
                throw scan.refusal("a field of \(length) bytes", "its own length")
            }
        }
    }

    private mutating func take(
        _ field: Field, _ length: Int, _ scan: inout RecordScan
    ) throws(RecordRefusal) {
        switch field {
        case .seat: seat = String(decoding: try scan.take(length, "the seat"), as: UTF8.self)
        case .vendor: vendor = try scan.fixed(VendorID.self, "the vendor")
        case .base: currencies = CurrencyTable(base: try Self.currency(&scan))
        case .rate:
            let currency = try Self.currency(&scan)
            let numerator = try scan.fixed(UInt64.self, "a rate")
            let denominator = try scan.fixed(UInt64.self, "a rate")
            guard let rate = ExchangeRate(numerator, per: denominator), currencies.set(currency, worth: rate)
            else { throw scan.refusal("a rate that is none", "a positive fraction, once for each currency") }
        case .priors:
            var shares = InlineArray<3, Int64>(repeating: 0)
            for index in 0..<3 {
                shares[index] = try scan.fixed(Int64.self, "a prior")
                guard (0...1_000_000).contains(shares[index]) else {
                    throw scan.refusal("a prior of \(shares[index])", "0 to 1,000,000")
                }
            }
            priors = GoalPriors(click: shares[0], completedView: shares[1], action: shares[2])
        case .podSteps:
            let steps = try scan.fixed(Int64.self, "the steps")
            guard (0...Int64(Int32.max)).contains(steps) else {
                throw scan.refusal("\(steps) steps", "0 to 2,147,483,647")
            }
            podSteps = Int(steps)
        case .seenCreative: seenCreative = DiversityRule(code: try scan.fixed(Int64.self, "a rule"))
        case .network: network = Interval(nanoseconds: try scan.fixed(Int64.self, "the network's share"))
        case .notices: notices = try Self.notices(length, &scan)
        case .seenAdvertiser: seenAdvertiser = DiversityRule(code: try scan.fixed(Int64.self, "a rule"))
        case .firstPremium: firstPremium = try scan.fixed(Int64.self, "a premium")
        case .shadesBids:
            let flag = try scan.fixed(UInt8.self, "whether bids are shaded")
            guard flag <= 1 else { throw scan.refusal("\(flag)", "0 or 1") }
            shadesBids = flag == 1
        case .scoredMost:
            let most = try scan.fixed(Int64.self, "the scored candidates")
            guard Self.scoredRange.contains(Int(most)) else {
                throw scan.refusal("\(most) scored candidates", "\(Self.scoredRange)")
            }
            scoredMost = Int(most)
        case .lastPremium: lastPremium = try scan.fixed(Int64.self, "a premium")
        }
    }

    /// A key's id, a lifetime and a flag stand before the base.
    private static func notices(
        _ length: Int, _ scan: inout RecordScan
    ) throws(RecordRefusal) -> NoticeAddresses {
        let key = try scan.fixed(UInt32.self, "a key's id")
        let lifetime = Interval(nanoseconds: try scan.fixed(Int64.self, "a lifetime"))
        let flag = try scan.fixed(UInt8.self, "who bills")
        let base = String(decoding: try scan.take(max(0, length - 13), "a base"), as: UTF8.self)
        guard flag <= 1,
            let addresses = NoticeAddresses(
                base: base, keyID: key, lifetime: lifetime, isBilledByImpression: flag == 1)
        else { throw scan.refusal("addresses that are none", "a base and a lifetime") }
        return addresses
    }

    private static func currency(_ scan: inout RecordScan) throws(RecordRefusal) -> CurrencyCode {
        let packed = try scan.fixed(UInt32.self, "a currency")
        guard let currency = CurrencyCode(rawValue: packed) else {
            throw scan.refusal("\(packed)", "three capital letters")
        }
        return currency
    }

    private static func little(_ number: some FixedWidthInteger) -> [UInt8] {
        (0..<number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}

extension DiversityRule {
    /// Millionths by which a value is lowered; −1 where the ad is not shown again.
    fileprivate var code: Int64 {
        switch self {
        case .ignore: 0
        case .penalise(let millionths): max(0, min(millionths, 1_000_000))
        case .exclude: -1
        }
    }

    fileprivate init(code: Int64) {
        self = code == 0 ? .ignore : code < 0 ? .exclude : .penalise(min(code, 1_000_000))
    }
}
