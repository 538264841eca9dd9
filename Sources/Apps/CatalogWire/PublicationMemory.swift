// What was published when it was heard of last, in a file, for the next start.
internal import Documents
public import Kernel
internal import Serving
public import Units

public struct PublicationMemory: Sendable, Equatable {
    public let publication: Publication
    /// What its owner calls the blob.
    public let name: String
    /// By the wall clock, when it was known last that this is what is published.
    public let asOf: Instant

    private static let bytesMost = 4_096

    public init(_ publication: Publication, name: String, asOf: Instant) {
        (self.publication, self.name, self.asOf) = (publication, name, asOf)
    }

    /// Nil where there is none, or none that can be read: then what is published is asked for anew.
    public init?(at path: String) {
        guard let bytes = try? Kernel.contents(of: path, limit: Self.bytesMost),
            let tree = try? JSONTree(reading: bytes), let publication = try? Publication(tree),
            let fields = try? Fields(tree, at: ""), let name = try? fields.text("name"),
            let asOf = try? fields.instant("asOf")
        else { return nil }
        self.init(publication, name: name, asOf: asOf)
    }

    public func write(to path: String) throws(FileFailure) {
        guard case .object(let members) = publication.tree.content else { return }
        let tree = JSONTree.object(
            members + [.init("name", .string(name)), .init("asOf", .string("\(asOf.nanoseconds)"))])
        try Kernel.replace(path, with: Array("\(tree.line)\n".utf8))
    }
}
