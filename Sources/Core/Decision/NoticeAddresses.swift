// Where exchanges and players tell of our ads, and what signs the tokens that they tell it with.
public import Notices
public import Units

/// Without them an answer has the catalog's own addresses only. What they are is part of the settings, and recorded with
/// them; the secret that signs is not. The same ones give the same tokens: a replay is given the key that they name.
public struct NoticeAddresses: Sendable {
    /// Longer bases are nobody's: a host's name has 253 bytes at most.
    public static let longestBase = 300
    /// Beyond it no token has room for an expiry, nor anybody a memory for what was counted.
    public static let longestLifetime = Interval.seconds(8 * 86_400)

    /// Scheme, host and what else stands before `/e/`, without a slash at the end.
    public let base: String
    /// How long after the decision its notices are taken.
    public let lifetime: Interval
    /// The exchange bills what was shown, and sends no notice for it.
    public let isBilledByImpression: Bool
    /// Names the key that signs.
    public let keyID: UInt32
    private(set) var key: NoticeKey?
    /// The shard that decides, to which its notices go.
    private(set) var shard: UInt8 = 0

    /// Addresses that are signed once the key is there. Nil where the base is empty, too long or ends with a slash,
    /// or nothing lives so long.
    public init?(base: String, keyID: UInt32, lifetime: Interval, isBilledByImpression: Bool = false) {
        guard (1...Self.longestBase).contains(base.utf8.count), !base.hasSuffix("/"),
            (Interval.seconds(1)...Self.longestLifetime).contains(lifetime)
        else { return nil }
        (self.base, self.keyID, self.lifetime) = (base, keyID, lifetime)
        self.isBilledByImpression = isBilledByImpression
    }

    /// The same, signed for one shard. Nil for another key than the one that is named.
    public func signed(with key: NoticeKey, shard: UInt8) -> NoticeAddresses? {
        guard key.id == keyID else { return nil }
        var signed = self
        (signed.key, signed.shard) = (key, shard)
        return signed
    }
}
