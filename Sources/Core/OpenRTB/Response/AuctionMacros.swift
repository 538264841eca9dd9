// Substitution macros: `${AUCTION_PRICE}` and its kin in notice URLs and markup. A bidder fills in what it
// knows when it answers and leaves the rest to the exchange; who is the exchange itself fills in all.
internal import JSON
public import Units

/// A macro of OpenRTB 2.6.
public enum AuctionMacro: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
    case id, bidID, impID, seatID, adID, price, currency, marketBidRatio, loss, minimumToWin, multiplier
    case impressionTime, discountPercent, discountCPM

    /// What stands behind `${AUCTION_`.
    var name: StaticString {
        switch self {
        case .id: "ID"
        case .bidID: "BID_ID"
        case .impID: "IMP_ID"
        case .seatID: "SEAT_ID"
        case .adID: "AD_ID"
        case .price: "PRICE"
        case .currency: "CURRENCY"
        case .marketBidRatio: "MBR"
        case .loss: "LOSS"
        case .minimumToWin: "MIN_TO_WIN"
        case .multiplier: "MULTIPLIER"
        case .impressionTime: "IMP_TS"
        case .discountPercent: "DISCOUNT_PCT"
        case .discountCPM: "DISCOUNT_CPM"
        }
    }
}

/// What one macro stands for. Not inside of `AuctionMacros` nor private: Swift 6.3.1 would make the code of
/// other modules point at a symbol that is not there.
struct MacroValue: BitwiseCopyable {
    var macro: AuctionMacro
    /// The suffix behind a colon for which the value stands; empty for the plain macro.
    var encoding: Run<UInt8>
    var text: Run<UInt8>
}

/// What macros stand for. One that has no value stays as it is; one whose value is empty goes away, as
/// OpenRTB wants it for what is not known. Keeps copies of the values, in memory allocated once.
public struct AuctionMacros: ~Copyable {
    /// Room for all values together: identifiers are tens of bytes long, and there are fourteen macros.
    public static let bytes = 4096

    private var text = BoundedList<UInt8>(capacity: AuctionMacros.bytes)
    /// In the order of the cases; a macro without a value has none of these.
    private var values = BoundedList<MacroValue>(capacity: 2 * AuctionMacro.allCases.count)

    public init() {}

    /// Nothing is replaced.
    public var isEmpty: Bool { values.count == 0 }

    public mutating func removeAll() {
        text.removeAll()
        values.removeAll()
    }

    /// The value of a macro that has none yet. False where there is no room for it: nothing is cut off.
    public mutating func set(_ macro: AuctionMacro, _ value: UTF8Span) -> Bool {
        guard let value = kept(value.span) else { return false }
        return values.append(MacroValue(macro: macro, encoding: Run(), text: value))
    }

    /// The value of a macro under an encoding agreed with the exchange: of `${AUCTION_PRICE:ENC}` for "ENC".
    public mutating func set(_ macro: AuctionMacro, encoding: UTF8Span, _ value: UTF8Span) -> Bool {
        guard let encoding = kept(encoding.span), let value = kept(value.span) else { return false }
        return values.append(MacroValue(macro: macro, encoding: encoding, text: value))
    }

    /// An amount as an exact decimal.
    public mutating func set(_ macro: AuctionMacro, _ value: Micros) -> Bool {
        guard text.count + Micros.longestText <= text.capacity else { return false }
        let start = text.count
        var digits = value.digits
        while let digit = digits.next() { _ = text.append(digit) }
        return values.append(
            MacroValue(macro: macro, encoding: Run(), text: Run(from: start, to: text.count)))
    }

    private mutating func kept(_ bytes: Span<UInt8>) -> Run<UInt8>? {
        guard text.count + bytes.count <= text.capacity else { return nil }
        let start = text.count
        for index in bytes.indices { _ = text.append(bytes[index]) }
        return Run(from: start, to: text.count)
    }

    /// Writes the template into a JSON string that has begun, with the values in place of their macros.
    @_lifetime(json: copy json)
    func write(_ template: RawSpan, to json: inout JSONWriter) {
        guard values.count > 0 else { return json.text(template) }
        var written = 0
        var at = 0
        while at < template.byteCount {
            at = template.first(
                from: at, { ByteScan.equal($0, UInt8(ascii: "$")) }, { $0 == UInt8(ascii: "$") })
            guard template.matches(Self.opening, at: at) else {
                at += 1
                continue
            }
            let name = at + Self.opening.utf8CodeUnitCount
            var end = name
            while end < template.byteCount, template.byte(end) != UInt8(ascii: "}") { end += 1 }
            guard end < template.byteCount else { break }
            if let value = value(of: template, name, end) {
                json.text(template.slice(written, at))
                json.text(text.span(value).raw)
                written = end + 1
                at = written
            } else {
                // An unknown name may hold a macro: the next one may start before this one's brace.
                at = name
            }
        }
        json.text(template.slice(written, template.byteCount))
    }

    private static let opening: StaticString = "${AUCTION_"

    /// The value for what stands between two places of the template.
    private func value(of template: RawSpan, _ start: Int, _ end: Int) -> Run<UInt8>? {
        for index in 0..<values.count {
            let value = values[index]
            let suffix = start + value.macro.name.utf8CodeUnitCount
            guard suffix <= end, template.matches(value.macro.name, at: start) else { continue }
            if value.encoding.isEmpty {
                if suffix == end { return value.text }
                continue
            }
            let encoding = text.span(value.encoding)
            guard end - suffix == encoding.count + 1, template.byte(suffix) == UInt8(ascii: ":") else {
                continue
            }
            var isSame = true
            for at in encoding.indices where template.byte(suffix + 1 + at) != encoding[at] { isSame = false }
            if isSame { return value.text }
        }
        return nil
    }
}

extension RawSpan {
    @_lifetime(copy self)
    fileprivate func slice(_ start: Int, _ end: Int) -> RawSpan { extracting(start..<end) }

    fileprivate func matches(_ word: StaticString, at start: Int) -> Bool {
        guard start + word.utf8CodeUnitCount <= byteCount else { return false }
        for at in 0..<word.utf8CodeUnitCount where byte(start + at) != (unsafe word.utf8Start[at]) {
            return false
        }
        return true
    }
}
