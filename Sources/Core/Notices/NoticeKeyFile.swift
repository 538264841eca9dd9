// Keys as a file: a line for each, when it was made and its secret in hexadecimal digits. What is read is what was
// written, or refused with its line; the node makes the file, and people have no reason to write one.
public import Units

/// Why a file of keys is refused. Says nothing of the secrets.
public struct NoticeKeyRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public let line: Int
    public let found: String
    public let allowed: String

    public var description: String { "line \(line): found \(found); allowed \(allowed)" }
}

extension NoticeKeys {
    private static let heading =
        "# Keys that sign Paceline's notices: when each was made, in seconds since 1970, and its secret."

    /// The file's text.
    public var text: String {
        var text = Self.heading + "\n"
        for key in keys {
            text += "\(key.made.nanoseconds / 1_000_000_000) "
            for at in key.secret.indices {
                for digit in [key.secret[at] >> 4, key.secret[at] & 15] {
                    text.unicodeScalars.append(Unicode.Scalar(digit < 10 ? digit + 0x30 : digit + 0x57))
                }
            }
            text += "\n"
        }
        return text
    }

    public init(text: String) throws(NoticeKeyRefusal) {
        var keys: [NoticeKey] = []
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard keys.count < Self.most else {
                throw NoticeKeyRefusal(line: number, found: "another key", allowed: "at most \(Self.most)")
            }
            keys.append(try Self.key(line, number))
        }
        guard let ring = NoticeKeys(keys) else {
            throw NoticeKeyRefusal(line: number, found: "the end of the file", allowed: "a key")
        }
        self = ring
    }

    private static func key(_ line: Substring, _ number: Int) throws(NoticeKeyRefusal) -> NoticeKey {
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, let seconds = Int64(parts[0]), (0...(1 << 32 - 1)).contains(seconds) else {
            throw NoticeKeyRefusal(
                line: number, found: "something else", allowed: "seconds since 1970, a blank and a secret")
        }
        var secret: [UInt8] = []
        var high: UInt8?
        for byte in parts[1].utf8 {
            guard let digit = digit(byte) else {
                throw NoticeKeyRefusal(
                    line: number, found: "a secret with other characters", allowed: "hexadecimal digits")
            }
            if let before = high {
                secret.append(before << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        guard high == nil, let key = NoticeKey(secret: secret.span.raw, made: .init(seconds: seconds)) else {
            throw NoticeKeyRefusal(
                line: number, found: "a secret of \(parts[1].utf8.count) digits",
                allowed: "\(2 * NoticeKey.byteCount)")
        }
        return key
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The keys with a new one that signs from now on, without those that no token can still need: a key is
    /// kept for the horizon after the next one took its place.
    public func rotated(with key: NoticeKey, keepingFor horizon: Interval) -> NoticeKeys {
        var kept: [NoticeKey] = []
        for index in keys.indices {
            let replaced = index + 1 < keys.count ? keys[index + 1].made : key.made
            if key.made - replaced <= horizon { kept.append(keys[index]) }
        }
        guard let ring = NoticeKeys(kept.suffix(Self.most - 1) + [key]) else {
            preconditionFailure("there is one key, and not more than fit")
        }
        return ring
    }
}

extension Instant {
    fileprivate init(seconds: Int64) { self.init(nanoseconds: seconds * 1_000_000_000) }
}
