// Which account a notice's token means: by the number of the session that set its money aside, and, where the issuer is on another
// machine, by the issuer's, which every node of the fleet can name.

/// As the token's 32 bits have it. Without the highest bit they are the session's own number; with it the issuer's number stands in
/// the fifteen bits behind it and the session's own in the lowest sixteen.
public struct TokenAccount: Hashable, Sendable, BitwiseCopyable {
    public let own: AccountIndex
    /// Nil where nobody but the session's own node can pay for it.
    public let issuers: AccountIndex?

    private static let mark: UInt32 = 1 << 31
    private static let ownBits: UInt32 = 16
    private static let issuersMost: UInt32 = 1 << 15 - 1
    private static let ownMost: UInt32 = 1 << ownBits - 1

    /// A pair of numbers that has no room names the session's own alone: bills of such an ad are paid by its own node, or not.
    public init(own: AccountIndex, issuers: AccountIndex?) {
        self.own = own
        let fits = own.rawValue <= Self.ownMost && (issuers?.rawValue ?? .max) <= Self.issuersMost
        self.issuers = fits ? issuers : nil
    }

    public init(window: UInt32) {
        if window & Self.mark == 0 {
            (own, issuers) = (AccountIndex(window), nil)
        } else {
            own = AccountIndex(window & Self.ownMost)
            issuers = AccountIndex(window >> Self.ownBits & Self.issuersMost)
        }
    }

    public var window: UInt32 {
        issuers.map { Self.mark | $0.rawValue << Self.ownBits | own.rawValue } ?? own.rawValue
    }
}
