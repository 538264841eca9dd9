// What is published: a number and the blob that it is, as the bytes of `GET /v1/catalog` and `GET /v1/models`; and beside it the blob that
// some nodes have before all others.
public import Documents
public import Serving

/// One blob, as it is announced.
public struct PublishedBlob: Equatable, Sendable {
    public let digest: BlobDigest
    /// How long it is.
    public let bytes: Int
    /// Of its layout: a compiled catalog's, or a file's with a package.
    public let format: UInt32
    /// The number of the package that it is; nil for what is no package.
    public let package: Int64?

    public init(digest: BlobDigest, bytes: Int, format: UInt32, package: Int64? = nil) {
        (self.digest, self.bytes, self.format, self.package) = (digest, bytes, format, package)
    }

    fileprivate init(_ fields: Fields) throws(Malformed) {
        let allowed = "sixty-four digits of hexadecimal"
        guard case .string(let text) = try fields.tree("sha256", allowed).content,
            let digest = BlobDigest(text)
        else { throw Malformed(place: fields.place(of: "sha256"), allowed: allowed) }
        self.digest = digest
        bytes = Int(try fields.whole("bytes", 1...Int64(Int32.max) * 2 + 1))
        format = try fields.number("format", 0...UInt32.max)
        package = fields.has("package") ? try fields.whole("package", 1...Int64.max) : nil
    }

    fileprivate var members: [JSONTree.Member] {
        [
            .init("sha256", .string(digest.description)), .init("bytes", .number(bytes)),
            .init("format", .number(format)),
        ] + (package.map { [.init("package", .number($0))] } ?? [])
    }
}

public struct Publication: Equatable, Sendable {
    /// What some nodes have before all others.
    public struct Canary: Equatable, Sendable {
        public let blob: PublishedBlob
        /// As their certificates call them.
        public let nodes: [String]

        /// An answer has room for them.
        public static let nodesMost = 256

        public init(_ blob: PublishedBlob, nodes: [String]) { (self.blob, self.nodes) = (blob, nodes) }
    }

    /// It grows, but for a database that was put back from a copy: a smaller one may be the later one.
    public let version: Int64
    /// For all but the canary's nodes.
    public let blob: PublishedBlob
    public let canary: Canary?

    public init(version: Int64, _ blob: PublishedBlob, canary: Canary? = nil) {
        (self.version, self.blob, self.canary) = (version, blob, canary)
    }

    public init(version: Int64, digest: BlobDigest, bytes: Int, format: UInt32) {
        self.init(version: version, PublishedBlob(digest: digest, bytes: bytes, format: format))
    }

    public var digest: BlobDigest { blob.digest }
    public var bytes: Int { blob.bytes }
    public var format: UInt32 { blob.format }

    /// All that whoever hands it on has to have.
    public var blobs: [PublishedBlob] { [blob] + (canary.map { [$0.blob] } ?? []) }

    /// The same, as it is meant for one node, which has one blob.
    public func meant(for node: String) -> Publication {
        guard let canary, canary.nodes.contains(node) else { return Publication(version: version, blob) }
        return Publication(version: version, canary.blob)
    }

    public init(_ tree: JSONTree) throws(Malformed) {
        let fields = try Fields(tree, at: "")
        version = try fields.whole("version", 1...Int64.max)
        blob = try PublishedBlob(fields)
        guard fields.has("canary") else {
            canary = nil
            return
        }
        let inner = try Fields(try fields.tree("canary", "an object"), at: "canary")
        var nodes: [String] = []
        for (index, node) in try inner.list("nodes", most: Canary.nodesMost).enumerated() {
            guard case .string(let name) = node.content else {
                throw Malformed(place: "canary.nodes[\(index)]", allowed: "a node's name")
            }
            nodes.append(name)
        }
        canary = Canary(try PublishedBlob(inner), nodes: nodes)
    }

    init(body: [UInt8]) throws(Malformed) {
        let tree: JSONTree
        do { tree = try JSONTree(reading: body) } catch {
            throw Malformed(place: "the body", allowed: "JSON: \(error)")
        }
        try self.init(tree)
    }

    public var tree: JSONTree {
        var members: [JSONTree.Member] = [.init("version", .number(version))] + blob.members
        if let canary {
            let nodes = JSONTree.array(canary.nodes.map { .string($0) })
            members.append(.init("canary", .object(canary.blob.members + [.init("nodes", nodes)])))
        }
        return .object(members)
    }
}

extension Fields {
    fileprivate func place(of key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

    fileprivate func whole(_ key: String, _ range: ClosedRange<Int64>) throws(Malformed) -> Int64 {
        let allowed = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard case .number(let text) = try tree(key, allowed).content, let value = Int64(text),
            range.contains(value)
        else { throw Malformed(place: place(of: key), allowed: allowed) }
        return value
    }
}
