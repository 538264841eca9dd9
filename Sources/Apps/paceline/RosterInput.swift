// The roster of a fleet as commands take it.
import Commands
import Documents
import Fleet
import HTTP
import Kernel
import TLS

enum RosterInput {
    /// A thousand members are some hundred kilobytes.
    private static let limitBytes = 1 << 20

    /// Where nobody listens, for the examples of help pages.
    static let exampleOfOne =
        #"{"members": [{"role": "coordinator", "name": "c1", "admin": "http://127.0.0.1:1"}]}"#
    static let exampleOfANode =
        #"{"members": [{"role": "node", "name": "n1", "region": "here", "admin": "http://127.0.0.1:1", "#
        + #""serves": "http://127.0.0.1:1"}]}"#

    static func read(_ path: String) throws(Failure) -> Roster {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try Roster(reading: bytes)
        } catch {
            let lines = error.refusals.map { "\(InputFile.displayName(path)):\($0)" }
            throw Failure((["the roster is refused"] + lines).joined(separator: "\n"))
        }
    }

    /// Where an address of the roster leads.
    static func endpoint(_ text: String, _ name: String) throws(Failure) -> (
        url: ServerURL, endpoint: Endpoint
    ) {
        guard let url = ServerURL(text) else {
            throw Failure("\(name): '\(text)' is not an address; http:// or https://, a host and a port are")
        }
        guard let address = SocketAddress(resolving: url.host, port: url.port) else {
            throw Failure("\(name): the name '\(url.host)' of \(url) is not known here")
        }
        return (
            url,
            Endpoint(address: address, authority: url.authority, server: url.isSecure ? .host(url.host) : nil)
        )
    }
}

extension JSONTree {
    var text: String? {
        switch content {
        case .string(let text), .number(let text): text
        case .bool, .null, .object, .array: nil
        }
    }

    var flag: Bool? {
        guard case .bool(let value) = content else { return nil }
        return value
    }
}
