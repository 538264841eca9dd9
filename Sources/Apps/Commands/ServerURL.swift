// Where a server is, as people write it on a command line: http://127.0.0.1:9090, https://node-1.example.

/// Scheme, host and port of a server, without a path.
public struct ServerURL: Sendable, Equatable, CustomStringConvertible {
    public let isSecure: Bool
    /// A name or an address; of IPv6 without its brackets.
    public let host: String
    public let port: UInt16

    /// Nil where it is not a scheme, a host and perhaps a port.
    public init?(_ text: String) {
        let rest: Substring
        if text.hasPrefix("http://") {
            (isSecure, rest) = (false, text.dropFirst("http://".count))
        } else if text.hasPrefix("https://") {
            (isSecure, rest) = (true, text.dropFirst("https://".count))
        } else {
            return nil
        }
        var authority = rest.hasSuffix("/") ? rest.dropLast() : rest
        var port = isSecure ? "443" : "80"
        if let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]"),
            authority.hasPrefix("[") || authority.firstIndex(of: ":") == colon
        {
            port = String(authority[authority.index(after: colon)...])
            authority = authority[..<colon]
        }
        if authority.hasPrefix("["), authority.hasSuffix("]") {
            authority = authority.dropFirst().dropLast()
            guard authority.contains(":") else { return nil }
        } else if authority.contains(":") {
            return nil
        }
        let allowed = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"),
                UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard !authority.isEmpty, authority.utf8.allSatisfy(allowed), let number = UInt16(port), number > 0
        else {
            return nil
        }
        host = String(authority)
        self.port = number
    }

    /// As the Host header has it.
    public var authority: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
    public var description: String { "\(isSecure ? "https" : "http")://\(authority)" }
}

extension WordKind where Value == ServerURL {
    public static var serverURL: WordKind {
        WordKind(
            placeholder: "URL", allowed: "http:// or https://, a host, perhaps a port, and no path",
            completion: .nothing, read: { ServerURL($0) })
    }
}
