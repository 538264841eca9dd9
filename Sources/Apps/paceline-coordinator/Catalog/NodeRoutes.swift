// What nodes and brokers come for: money, pacing, and the published catalog (docs/catalog-sync.md).
import Documents
import HTTP
import LedgerWire
import Serving
import Settings
import TLS
import Units

/// Used on the root's thread only.
final class NodeRoutes: Responder {
    private let money: HolderRoutes
    private let published: PublishedCatalog
    private let holders: [String]

    /// Shorter than an answer may be held, and than proxies wait.
    static let waitMost: Int64 = 25

    init(_ money: HolderRoutes, _ published: PublishedCatalog, holders: [String]) {
        self.money = money
        self.published = published
        self.holders = holders
    }

    func respond(to request: borrowing Request, _ response: inout Response) {
        if request.pathIs("/v1/catalog") { return letIn(request, &response) { tell($0, &$1) } }
        let path = request.path.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        guard path.hasPrefix("/v1/blobs/") else { return money.respond(to: request, &response) }
        letIn(request, &response) { send(path.dropFirst("/v1/blobs/".count), $0, &$1) }
    }

    /// Who shows a certificate is one of the holders, as for money; and only looks.
    private func letIn(
        _ request: borrowing Request, _ response: inout Response,
        _ body: (borrowing Request, inout Response) -> Void
    ) {
        guard request.method == .get || request.method == .head else {
            response.header("allow", "GET, HEAD")
            return response.problem(.methodNotAllowed, "a catalog is only read here")
        }
        if let peer = request.peer, !holders.contains(where: { HolderRoutes.vouches(peer, for: $0) }) {
            return response.problem(
                .forbidden, "the certificate is no holder's",
                [.init("uris", .array(peer.uris.map { .string($0) }))])
        }
        body(request, &response)
    }

    private func tell(_ request: borrowing Request, _ response: inout Response) {
        let query = Query(request)
        // No version has the number 0.
        guard let have = query.number("have", 0...Int64.max, otherwise: 0, &response),
            let wait = query.number("wait", 0...Self.waitMost, otherwise: 0, &response)
        else { return }
        published.tell(have, within: .seconds(wait), request.place, &response)
    }

    private func send(_ name: Substring, _ request: borrowing Request, _ response: inout Response) {
        guard let sha256 = bytes(hexadecimal: name), sha256.count == 32 else {
            return response.malformed("the address", "64 digits of hexadecimal, in lower case")
        }
        guard let content = published.content(sha256) else {
            return response.problem(
                .notFound, "it is not the published catalog, nor the one before; ask /v1/catalog again")
        }
        response.contentType = "application/octet-stream"
        // What a digest names never changes.
        response.header("cache-control", "max-age=31536000, immutable")
        response.shared = content
    }
}

extension Response {
    mutating func malformed(_ place: String, _ allowed: String) {
        problem(
            .badRequest, "the request is not one", Malformed(place: place, allowed: allowed).members)
    }
}

/// Nil for anything but pairs of digits in lower case.
private func bytes(hexadecimal text: Substring) -> [UInt8]? {
    guard text.utf8.allSatisfy({ !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) }) else { return nil }
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let high = rest.popFirst() {
        guard let low = rest.popFirst(), let byte = UInt8(hexadecimal: high, low) else { return nil }
        bytes.append(byte)
    }
    return bytes
}
