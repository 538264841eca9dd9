// The keys that tokens are signed with. The newest one signs, all of them verify: so a key can be changed while
// tokens that it signed are still on their way.
internal import Digests
public import Units

/// One secret, and what is worked out of it once.
public struct NoticeKey: Sendable {
    public static let byteCount = 32

    /// Tells keys apart, and nothing of the secret.
    public let id: UInt32
    /// In whole seconds of wall time.
    public let made: Instant
    let secret: InlineArray<32, UInt8>
    let code: HMACSHA256
    let sealing: HMACSHA256

    /// Nil where the secret has another length.
    public init?(secret bytes: RawSpan, made: Instant) {
        guard bytes.byteCount == Self.byteCount else { return nil }
        var secret = InlineArray<32, UInt8>(repeating: 0)
        for at in secret.indices { secret[at] = unsafe bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self) }
        self.secret = secret
        self.made = Instant(nanoseconds: made.nanoseconds / 1_000_000_000 * 1_000_000_000)
        let root = HMACSHA256(key: bytes)
        code = Self.derived(root, "notice code")
        sealing = Self.derived(root, "notice seal")
        let name = root.code(of: Self.bytes("notice key"))
        id = UInt32(name[0]) << 24 | UInt32(name[1]) << 16 | UInt32(name[2]) << 8 | UInt32(name[3])
    }

    private static func derived(_ root: HMACSHA256, _ use: StaticString) -> HMACSHA256 {
        let digest = root.code(of: bytes(use))
        var key = InlineArray<32, UInt8>(repeating: 0)
        for at in key.indices { key[at] = digest[at] }
        return HMACSHA256(key: key.span.raw)
    }

    @_lifetime(immortal)
    private static func bytes(_ text: StaticString) -> RawSpan {
        let span = unsafe RawSpan(_unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount)
        return unsafe _overrideLifetime(span, copying: ())
    }
}

/// Why a notice is not taken.
public enum NoticeRefusal: UInt8, CaseIterable, Error, Sendable {
    /// Not a token, or one of a later format.
    case malformed
    /// Signed with a key that is not ours, or no longer.
    case foreign
    /// Not signed at all: a byte is not what was signed.
    case forged
    /// A player's token where an exchange tells, or the other way.
    case wrongEvent
    /// Its time is over.
    case stale

    public var sentence: String {
        switch self {
        case .malformed: "not a token, or of a format that this version does not know"
        case .foreign: "signed with a key that is not among these"
        case .forged: "not what the key signed"
        case .wrongEvent: "not a token of who tells of this event"
        case .stale: "expired"
        }
    }
}

/// The keys of a node.
public struct NoticeKeys: Sendable {
    /// A key for every month of half a year; who changes keys more often keeps old ones less long.
    public static let most = 8

    /// Oldest first.
    public let keys: [NoticeKey]

    /// Nil for none or more than `most`.
    public init?(_ keys: [NoticeKey]) {
        guard (1...Self.most).contains(keys.count) else { return nil }
        self.keys = keys.sorted { $0.made < $1.made }
    }

    public var signing: NoticeKey { keys[keys.count - 1] }

    /// Reads a token that came for an event.
    public func read(
        _ token: RawSpan, for event: NoticeEvent, at now: Instant
    ) throws(NoticeRefusal) -> Notice {
        let (notice, sender) = try open(token)
        guard sender == event.sender else { throw .wrongEvent }
        guard now <= notice.expires else { throw .stale }
        return notice
    }

    /// What a token says, at any time and for anybody who may send it.
    public func open(_ token: RawSpan) throws(NoticeRefusal) -> (notice: Notice, sender: NoticeSender) {
        var bytes = InlineArray<96, UInt8>(repeating: 0)
        var room = bytes.mutableSpan
        guard token.byteCount == NoticeToken.characters,
            Base64URL.decode(token, into: &room) == NoticeToken.bytes, bytes[0] == NoticeToken.format
        else { throw .malformed }
        let id = UInt32(bytes[1]) << 24 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 8 | UInt32(bytes[4])
        for index in keys.indices where keys[index].id == id {
            guard let opened = keys[index].open(bytes) else { throw .forged }
            return opened
        }
        throw .foreign
    }
}
