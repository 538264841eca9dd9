// Macros in the catalog's addresses that are ours to fill in: our own everywhere, OpenRTB's where the auction is ours and
// no exchange comes after us, and two of VAST's in banners, which no player shows. All others stay as they are.
internal import Catalog
internal import Notices
internal import OpenRTB
internal import Units

enum AdMacro {
    case ad, campaign, lineItem, creative, click
    case cacheBuster, timestamp
    case auction, bid, imp, seat, adID, price, currency, marketBidRatio, loss, minimumToWin, multiplier
    /// What nobody knows before the ad is shown, or what does not apply: OpenRTB wants it to go away.
    case unknown

    /// It stands for more than what the creative, the line item and the ad's number and token are.
    var isOfAnswer: Bool {
        switch self {
        case .ad, .campaign, .lineItem, .creative, .click, .adID, .unknown: false
        case .cacheBuster, .timestamp, .auction, .bid, .imp, .seat, .price, .currency, .marketBidRatio, .loss,
            .minimumToWin, .multiplier:
            true
        }
    }
}

/// One ad, as its macros tell of it.
struct AdFacts {
    var candidate = RankedCandidate()
    var sale = AdSale()
    var ad = HexNumber(0)
    var decision = HexNumber(0)
    var number: UInt64 = 0
    var currency = CurrencyCode.usd
    var now = Instant(nanoseconds: 0)
    var requestID = Text.empty
    var impID = Text.empty
    var isSeller = false
    var isBanner = false
}

/// A macro in an address, and what it stands for.
struct AdMacros: ~Copyable {
    /// The address of a click, of which every byte may take three.
    private static let valueBytesMost = 4_096

    var facts = AdFacts()
    private let seat: [UInt8]
    private let value = DecisionBytes(Self.valueBytesMost)

    init(seat: [UInt8]) { self.seat = seat }

    /// What a macro of the ad at hand stands for, without a byte that an address would have to escape; until the next
    /// is asked for.
    @_lifetime(borrow self)
    func value(
        of macro: AdMacro, _ snapshot: CatalogSnapshot, _ notices: borrowing NoticeWriting,
        _ request: borrowing BidRequest
    ) -> RawSpan {
        var writer = unsafe ByteWriter(value.writable())
        let one = facts.candidate
        switch macro {
        case .ad: writer.put(facts.ad.utf8.span.raw)
        case .campaign: writer.put(snapshot.bytes(snapshot.campaignID(one.campaign)))
        case .lineItem: writer.put(snapshot.bytes(snapshot.lineItemID(one.lineItem)))
        case .creative, .adID: writer.put(snapshot.bytes(snapshot.creativeID(one.creative)))
        case .click:
            if notices.isSigned {
                writer.put(escaping: notices.address(.click).span.raw)
            } else if let page = snapshot.creativeRow(one.creative).clickThrough {
                writer.put(escaping: snapshot.bytes(page))
            }
        // Eight digits, as VAST says.
        case .cacheBuster: writer.put(decimal: 10_000_000 + facts.number % 90_000_000)
        case .timestamp: writer.put(facts.now)
        case .auction: writer.put(escaping: request[facts.requestID])
        case .imp: writer.put(escaping: request[facts.impID])
        case .bid: writer.put(facts.decision.utf8.span.raw)
        case .seat: writer.put(escaping: seat.span.raw)
        case .price, .minimumToWin: writer.put(facts.sale.price)
        case .currency:
            for shift in stride(from: 16, through: 0, by: -8) {
                writer.put(UInt8(truncatingIfNeeded: facts.currency.rawValue >> UInt32(shift)))
            }
        case .marketBidRatio: writer.put(facts.sale.share)
        case .loss: writer.put(UInt8(ascii: "0"))
        case .multiplier: writer.put(UInt8(ascii: "1"))
        case .unknown: break
        }
        // What does not fit is no value: an id of thousands of bytes.
        return value.first(writer.fits ? writer.count : 0)
    }

    /// The first macro that is ours from a place on; nil where there is none.
    func next(in bytes: RawSpan, from start: Int) -> (at: Int, length: Int, macro: AdMacro)? {
        var at = start
        while at < bytes.byteCount {
            // Nearly all addresses have neither of the two.
            let byte = bytes.byte(at)
            if byte == UInt8(ascii: "["), let (macro, length) = named(bytes, at) {
                return (at, length, macro)
            }
            if byte == UInt8(ascii: "$"), facts.isSeller, let (macro, length) = auctioned(bytes, at) {
                return (at, length, macro)
            }
            at += 1
        }
        return nil
    }

    /// In a debug build a loop over all cases would allocate.
    private func named(_ bytes: RawSpan, _ at: Int) -> (AdMacro, Int)? {
        if bytes.has("[PACELINE_", at: at) {
            if bytes.has("AD]", at: at + 10) { return (.ad, 13) }
            if bytes.has("CAMPAIGN]", at: at + 10) { return (.campaign, 19) }
            if bytes.has("LINEITEM]", at: at + 10) { return (.lineItem, 19) }
            if bytes.has("CREATIVE]", at: at + 10) { return (.creative, 19) }
            if bytes.has("CLICK]", at: at + 10) { return (.click, 16) }
        } else if facts.isBanner {
            if bytes.has("[CACHEBUSTING]", at: at) { return (.cacheBuster, 14) }
            if bytes.has("[TIMESTAMP]", at: at) { return (.timestamp, 11) }
        }
        return nil
    }

    private func auctioned(_ bytes: RawSpan, _ at: Int) -> (AdMacro, Int)? {
        guard bytes.has("${AUCTION_", at: at) else { return nil }
        let name = at + 10
        if bytes.has("ID}", at: name) { return (.auction, 13) }
        if bytes.has("BID_ID}", at: name) { return (.bid, 17) }
        if bytes.has("IMP_ID}", at: name) { return (.imp, 17) }
        if bytes.has("SEAT_ID}", at: name) { return (.seat, 18) }
        if bytes.has("AD_ID}", at: name) { return (.adID, 16) }
        if bytes.has("PRICE}", at: name) { return (.price, 16) }
        if bytes.has("CURRENCY}", at: name) { return (.currency, 19) }
        if bytes.has("MBR}", at: name) { return (.marketBidRatio, 14) }
        if bytes.has("LOSS}", at: name) { return (.loss, 15) }
        if bytes.has("MIN_TO_WIN}", at: name) { return (.minimumToWin, 21) }
        if bytes.has("MULTIPLIER}", at: name) { return (.multiplier, 21) }
        if bytes.has("IMP_TS}", at: name) { return (.unknown, 17) }
        if bytes.has("DISCOUNT_PCT}", at: name) { return (.unknown, 23) }
        if bytes.has("DISCOUNT_CPM}", at: name) { return (.unknown, 23) }
        return nil
    }
}

extension AdSale {
    /// What is paid of what was bid, as OpenRTB's market bid ratio.
    fileprivate var share: Micros {
        guard bid > .zero else { return .zero }
        return Micros(Int64(clamping: Int128(price.rawValue) * 1_000_000 / Int128(bid.rawValue)))
    }
}

extension ByteWriter {
    /// Percent signs for all but what an address takes anywhere.
    @_lifetime(self: copy self)
    fileprivate mutating func put(escaping bytes: RawSpan) {
        for at in 0..<bytes.byteCount {
            let byte = bytes.byte(at)
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                put(byte)
            default:
                put(UInt8(ascii: "%"))
                put(hexadecimal: byte >> 4)
                put(hexadecimal: byte & 15)
            }
        }
    }

    @_lifetime(self: copy self)
    private mutating func put(hexadecimal digit: UInt8) {
        put(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10)
    }

    /// `2026-11-20T18:00:00Z` for an address.
    @_lifetime(self: copy self)
    fileprivate mutating func put(_ instant: Instant) {
        let parts = Timestamp.parts(instant)
        put(decimal: UInt64(clamping: parts.year))
        put("-")
        put(two: parts.month)
        put("-")
        put(two: parts.day)
        put("T")
        put(two: parts.second / 3_600)
        put("%3A")
        put(two: parts.second / 60 % 60)
        put("%3A")
        put(two: parts.second % 60)
        put("Z")
    }

    @_lifetime(self: copy self)
    private mutating func put(two number: Int) {
        put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / 10))
        put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }
}

extension RawSpan {
    /// Whether the literal stands at this place.
    fileprivate func has(_ literal: StaticString, at start: Int) -> Bool {
        guard start + literal.utf8CodeUnitCount <= byteCount else { return false }
        for at in 0..<literal.utf8CodeUnitCount where byte(start + at) != (unsafe literal.utf8Start[at]) {
            return false
        }
        return true
    }
}
