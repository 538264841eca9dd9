// By what a viewer is counted. A key is a number made from an identifier of the request with the fleet's salt: the
// identifier itself is kept nowhere, and where the viewer's permissions do not allow counting there is no key.
public import OpenRTB
internal import Units

/// Who watches, as far as counting is allowed.
public struct ViewerKeys: Hashable, Sendable {
    /// The person or the device.
    public var user: UInt64?
    /// All who share an address.
    public var household: UInt64?

    /// Whether what is counted by them may be written to a journal, or to a store that others read.
    public var mayJournal = false

    /// Nobody is known.
    public init() {}

    public init(_ request: borrowing BidRequest, _ permissions: Permissions, salt: UInt64) {
        guard permissions.allows(.frequency), permissions.allows(.identifiers) else { return }
        mayJournal = permissions.allows(.journaling)
        user = Self.user(request, salt)
        household = Self.household(request.device, request, salt)
    }

    private static func user(_ request: borrowing BidRequest, _ salt: UInt64) -> UInt64? {
        identifier(request).map { key($0.kind, request[$0.text], salt) }
    }

    /// The device's own identifier, else what the exchange calls the user, else the first identifier of
    /// another source. One viewer reached through two exchanges is one where the device says who it is.
    static func identifier(_ request: borrowing BidRequest) -> (kind: Kind, text: Text)? {
        let (device, user) = (request.device, request.user)
        if isNamed(request[device.ifa]) { return (.device, device.ifa) }
        if !user.id.isEmpty { return (.user, user.id) }
        if !user.buyeruid.isEmpty { return (.buyer, user.buyeruid) }
        let sources = request[user.eids]
        for index in sources.indices {
            let ids = request[sources[index].uids]
            for at in ids.indices where !ids[at].id.isEmpty { return (.other, ids[at].id) }
        }
        return nil
    }

    /// Zeros are what a device says that does not want to be known.
    private static func isNamed(_ identifier: RawSpan) -> Bool {
        for at in 0..<identifier.byteCount
        where identifier.byte(at) != UInt8(ascii: "0") && identifier.byte(at) != UInt8(ascii: "-") {
            return true
        }
        return false
    }

    private static func household(
        _ device: Device, _ request: borrowing BidRequest, _ salt: UInt64
    ) -> UInt64? {
        address(device, request).map { key($0.kind, request[$0.text].extracting(0..<$0.length), salt) }
    }

    /// The address, unless it was cut to a network's: exchanges write .0 in place of an IPv4's last part. Of an
    /// IPv6 the first four groups are a household's; the rest changes by the day.
    static func address(
        _ device: Device, _ request: borrowing BidRequest
    ) -> (kind: Kind, text: Text, length: Int)? {
        let four = request[device.ip]
        if four.byteCount >= 7 {
            let isCut =
                four.byte(four.byteCount - 1) == UInt8(ascii: "0")
                && four.byte(four.byteCount - 2) == UInt8(ascii: ".")
            return isCut ? nil : (.address, device.ip, four.byteCount)
        }
        let six = request[device.ipv6]
        var (end, groups) = (0, 0)
        while end < six.byteCount, groups < 4 {
            // A run of zeros within the first four groups leaves too little that tells households apart.
            if six.byte(end) == UInt8(ascii: ":") {
                groups += 1
                if end + 1 < six.byteCount, six.byte(end + 1) == UInt8(ascii: ":"), groups < 4 { return nil }
            }
            end += 1
        }
        return groups == 4 ? (.prefix, device.ipv6, end) : nil
    }

    /// What kind of identifier a key is made from, so that equal texts of two kinds are two keys.
    enum Kind: UInt64 { case device = 1, user, buyer, other, address, prefix }

    /// Letters count the same in either case. Eight bytes at a time through SplitMix64's mixer, each after the
    /// state so far; the length ends it.
    private static func key(_ kind: Kind, _ text: RawSpan, _ salt: UInt64) -> UInt64 {
        var state = mixed(salt ^ kind.rawValue)
        var (word, filled): (UInt64, UInt64) = (0, 0)
        for at in 0..<text.byteCount {
            let byte = text.byte(at)
            word |= UInt64(byte.lower) << (8 * filled)
            filled += 1
            if filled == 8 {
                state = mixed(state ^ word)
                (word, filled) = (0, 0)
            }
        }
        return mixed(mixed(state ^ word) ^ UInt64(text.byteCount))
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixer = SplitMix64(state: value)
        return mixer.next()
    }
}
