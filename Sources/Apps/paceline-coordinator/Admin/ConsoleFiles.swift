// The console's pages: files that are read once, at the start, and served as they are. Their headers let them talk to this origin alone.
import CatalogWire
import Commands
import HTTP
import Kernel
import Serving

/// Used on the root's thread only.
struct ConsoleFiles {
    private struct File {
        let type: StaticString
        let content: SharedBytes
        let etag: [UInt8]
    }

    private let files: [String: File]

    private static let root = "/console"
    private static let first = "index.html"
    /// A page that takes longer to read than this is no page of ours.
    private static let bytesMost = 1024 * 1024
    private static let types: [(ending: String, type: StaticString)] = [
        (".html", "text/html; charset=utf-8"), (".css", "text/css; charset=utf-8"),
        (".js", "text/javascript; charset=utf-8"), (".svg", "image/svg+xml"),
    ]

    /// Takes the files of these types that lie in the folder itself.
    init(_ folder: String) throws(Failure) {
        var files: [String: File] = [:]
        do {
            for name in try Kernel.entries(of: folder) {
                guard let type = Self.types.first(where: { name.hasSuffix($0.ending) })?.type else {
                    continue
                }
                let bytes = try Kernel.contents(of: "\(folder)/\(name)", limit: Self.bytesMost)
                let digest = "\(BlobDigest(of: bytes))"
                files[name] = File(
                    type: type, content: SharedBytes(bytes), etag: Array("\"\(digest.prefix(32))\"".utf8))
            }
        } catch {
            throw Failure("consoleDirectory: \(folder): \(error)")
        }
        guard files[Self.first] != nil else {
            throw Failure(
                "consoleDirectory: \(folder) has no \(Self.first); the console's pages belong there")
        }
        self.files = files
    }

    static func has(_ path: String) -> Bool { path == root || path.hasPrefix(root + "/") }

    func respond(to request: borrowing Request, _ path: String, _ response: inout Response) {
        guard request.method == .get || request.method == .head else {
            response.header("allow", "GET, HEAD")
            return response.problem(
                .methodNotAllowed, "the console is only read; what it does it asks of /api/v1")
        }
        guard path != Self.root else {
            response.status = .found
            return response.header("location", "/console/")
        }
        let rest = String(path.dropFirst(Self.root.utf8.count + 1))
        guard let file = files[rest.isEmpty ? Self.first : rest] else {
            return response.problem(.notFound, "no such page of the console")
        }
        response.header(
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        response.header("x-content-type-options", "nosniff")
        response.header("referrer-policy", "no-referrer")
        response.header("cross-origin-opener-policy", "same-origin")
        response.header("cache-control", "no-cache")
        response.header("etag", file.etag.span.bytes)
        guard !(request.text("if-none-match")?.utf8.elementsEqual(file.etag) ?? false) else {
            response.status = .notModified
            return
        }
        response.contentType = file.type
        response.shared = file.content
    }
}
