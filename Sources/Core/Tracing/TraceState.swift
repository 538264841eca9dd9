// `tracestate`: what tracing systems say to each other beside `traceparent`. Nothing in it is for us; it is passed on to
// those that we call, where it is what W3C's Trace Context allows.
import Units

public enum TraceState {
    /// As many entries as a list may have (Trace Context §3.3.1.1).
    static let entriesMost = 32
    /// What has to be passed on at least (§3.3.1.5). A longer one is left out whole: what may be cut out of it is its
    /// senders' to say.
    public static let bytesMost = 512

    /// Whether a list may be passed on: its grammar holds, no key comes twice, and it is not too long. Allocates nothing.
    public static func isPassedOn(_ list: RawSpan) -> Bool {
        guard list.byteCount <= bytesMost else { return false }
        var entries = 0
        var start = 0
        while start <= list.byteCount {
            var end = start
            while end < list.byteCount, list.byte(end) != UInt8(ascii: ",") { end &+= 1 }
            let entry = trimmed(list, start, end)
            if !entry.isEmpty {
                entries &+= 1
                guard entries <= entriesMost, let key = key(of: entry, in: list), !isKnown(key, in: list)
                else { return false }
            }
            start = end &+ 1
        }
        return entries > 0
    }

    private static func trimmed(_ list: RawSpan, _ start: Int, _ end: Int) -> Range<Int> {
        var (low, high) = (start, end)
        while low < high, isBlank(list.byte(low)) { low &+= 1 }
        while high > low, isBlank(list.byte(high &- 1)) { high &-= 1 }
        return low..<high
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Where the key of an entry lies; nil where key or value are not what they may be.
    private static func key(of entry: Range<Int>, in list: RawSpan) -> Range<Int>? {
        guard let equals = place(of: UInt8(ascii: "="), in: entry, list) else { return nil }
        let key = entry.lowerBound..<equals
        let value = equals &+ 1..<entry.upperBound
        guard isKey(key, in: list), value.count >= 1, value.count <= 256 else { return nil }
        for at in value {
            let byte = list.byte(at)
            guard byte >= 0x20, byte <= 0x7E, byte != UInt8(ascii: "=") else { return nil }
        }
        return key
    }

    /// A name of up to 256 bytes that begins with a letter, or a tenant of up to 241 at a system of up to 14.
    private static func isKey(_ key: Range<Int>, in list: RawSpan) -> Bool {
        guard !key.isEmpty else { return false }
        if let sign = place(of: UInt8(ascii: "@"), in: key, list) {
            let (tenant, system) = (key.lowerBound..<sign, sign &+ 1..<key.upperBound)
            guard tenant.count >= 1, tenant.count <= 241, system.count >= 1, system.count <= 14 else {
                return false
            }
            let first = list.byte(tenant.lowerBound)
            return (isLetter(first) || isDigit(first)) && isLetter(list.byte(system.lowerBound))
                && areKeyBytes(tenant, in: list) && areKeyBytes(system, in: list)
        }
        return key.count <= 256 && isLetter(list.byte(key.lowerBound))
            && areKeyBytes(key, in: list)
    }

    private static func place(of byte: UInt8, in range: Range<Int>, _ list: RawSpan) -> Int? {
        var at = range.lowerBound
        while at < range.upperBound {
            if list.byte(at) == byte { return at }
            at &+= 1
        }
        return nil
    }

    private static func areKeyBytes(_ range: Range<Int>, in list: RawSpan) -> Bool {
        var at = range.lowerBound
        while at < range.upperBound, isKeyByte(list.byte(at)) { at &+= 1 }
        return at == range.upperBound
    }

    /// Whether an entry before this one has the key. Of thirty-two short entries nothing has to be kept.
    private static func isKnown(_ key: Range<Int>, in list: RawSpan) -> Bool {
        var start = 0
        while start < key.lowerBound {
            var end = start
            while end < list.byteCount, list.byte(end) != UInt8(ascii: ",") { end &+= 1 }
            guard end < key.lowerBound else { return false }
            let entry = trimmed(list, start, end)
            if entry.count > key.count, list.byte(entry.lowerBound &+ key.count) == UInt8(ascii: "="),
                list.extracting(entry.lowerBound..<entry.lowerBound &+ key.count)
                    .isEqual(to: list.extracting(key))
            {
                return true
            }
            start = end &+ 1
        }
        return false
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "a") < 26 }
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
    private static func isKeyByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "*") || byte == UInt8(ascii: "/")
    }
}
