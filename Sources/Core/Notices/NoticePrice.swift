// The price in a notice, in clear or sealed. Where none can be believed it is the highest that was bid: so much is
// put aside, and the budget is never charged less than the exchange may bill.
internal import Digests
public import Units

/// How a price in a notice was taken.
public enum PriceBasis: UInt8, CaseIterable, Sendable {
    case stated
    /// None was given, or the exchange left its macro as it was.
    case missing
    /// Not a decimal number, or less than zero.
    case unreadable
    /// Sealed, but not with our keys.
    case forged
    /// In clear, from a player: anybody may write what he likes there.
    case unproven
    /// More than was bid. The ledger pays what was put aside, and books the rest as billed late.
    case aboveHighest
    /// So much more than was bid that it is no price: in other units, say.
    case absurd
}

/// What an exchange asks for a thousand impressions, in the answer's currency.
public struct NoticePrice: Equatable, Sendable {
    public var asked: Micros
    public var basis: PriceBasis

    /// Beyond so many times what was bid, a price is a mistake.
    static let absurdTimes: Int64 = 100

    /// - Parameter text: as it stands in the address; empty for none.
    public init(_ text: RawSpan, of notice: Notice, from sender: NoticeSender, _ seal: PriceSeal?) {
        (asked, basis) = (notice.highest, .missing)
        guard !text.isEmpty, !text.isMacro else { return }
        let price: Micros
        if let seal {
            basis = .forged
            guard let opened = seal.open(text) else { return }
            price = opened
        } else {
            basis = .unproven
            guard sender == .exchange else { return }
            basis = .unreadable
            do throws(MicrosError) { price = try Micros(decimal: text) } catch { return }
        }
        basis = .unreadable
        // An exchange that bills nothing says so.
        guard price >= .zero else { return }
        if price > notice.highest {
            let most = notice.highest.multiplied(by: Self.absurdTimes) ?? .max
            basis = price > most ? .absurd : .aboveHighest
            if basis == .absurd { return }
        } else {
            basis = .stated
        }
        asked = price
    }

    /// The least that would have won, of a notice of a win or a loss; nil where it is not told, or not by whom it can be
    /// believed. It may be above what was bid, but not absurdly so.
    public static func minimum(
        _ text: RawSpan, of notice: Notice, from sender: NoticeSender, _ seal: PriceSeal?
    ) -> Micros? {
        let told = NoticePrice(text, of: notice, from: sender, seal)
        return told.basis == .stated || told.basis == .aboveHighest ? told.asked : nil
    }
}

/// Opens prices that an exchange has sealed: sixteen bytes that differ each time, the price in micros under a pad
/// by one key, and four bytes of a code by another, in Base64 for addresses.
public struct PriceSeal: Sendable {
    private static let bytes = 28
    private let padding: HMACSHA1
    private let integrity: HMACSHA1

    /// The two keys as the exchange gave them.
    public init(encryptionKey: RawSpan, integrityKey: RawSpan) {
        padding = HMACSHA1(key: encryptionKey)
        integrity = HMACSHA1(key: integrityKey)
    }

    /// Nil where the text was not sealed with these keys.
    public func open(_ text: RawSpan) -> Micros? {
        var sealed = InlineArray<30, UInt8>(repeating: 0)
        var room = sealed.mutableSpan
        guard text.byteCount <= 40, Base64URL.decode(text, into: &room, allowsPadding: true) == Self.bytes
        else { return nil }
        let pad = padding.code(of: sealed.span.raw.extracting(0..<16))
        // What was signed: the price, then the sixteen bytes.
        var signed = InlineArray<24, UInt8>(repeating: 0)
        var price: UInt64 = 0
        for at in 0..<8 {
            signed[at] = sealed[16 + at] ^ pad[at]
            price = price << 8 | UInt64(signed[at])
        }
        for at in 0..<16 { signed[8 + at] = sealed[at] }
        let code = integrity.code(of: signed.span.raw)
        var difference: UInt8 = 0
        for at in 0..<4 { difference |= code[at] ^ sealed[24 + at] }
        guard difference == 0 else { return nil }
        return Int64(exactly: price).map { Micros($0) }
    }
}

extension RawSpan {
    /// Whether it is `${AUCTION_PRICE}` as it was written, with its signs escaped or not.
    fileprivate var isMacro: Bool {
        let first = unsafe unsafeLoad(fromByteOffset: 0, as: UInt8.self)
        return first == UInt8(ascii: "$") || first == UInt8(ascii: "%")
    }
}
