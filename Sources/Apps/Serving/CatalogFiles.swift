// A catalog on disk, as somebody else writes it: whether it changed, and what it compiles to.
public import Catalog
public import Commands
import Kernel

/// What tells one state of the files from another without reading them.
public struct CatalogStamp: Equatable, Sendable {
    private let files: [String: FileStamp]

    /// Of a directory's JSON files, or of a snapshot.
    public init(_ path: String) throws(Failure) {
        do {
            guard try Kernel.isDirectory(path) else {
                files = ["": try Kernel.stamp(of: path)]
                return
            }
            var files: [String: FileStamp] = [:]
            for name in try Kernel.entries(of: path) where name.hasSuffix(".json") {
                files[name] = try Kernel.stamp(of: "\(path)/\(name)")
            }
            self.files = files
        } catch {
            throw Failure("\(path): could not be looked at: \(error)")
        }
    }

    /// Files that a former state had and this one has not, in their order.
    public func gone(since former: CatalogStamp?) -> [String] {
        former.map { former in former.files.keys.filter { files[$0] == nil }.sorted() } ?? []
    }
}

/// A catalog that was read as it is: its bytes, and the state of the files that they were made of.
public struct CompiledCatalog {
    public let bytes: [UInt8]
    public let version: CatalogVersion
    public let lineItems: Int
    public let stamp: CatalogStamp

    /// Readings of files that change while they are read. Whoever writes for longer is read when it is done.
    private static let readingsMost = 3

    /// Reads and compiles, or says all that is wrong, with files and lines.
    public init(_ path: String) throws(Failure) {
        var stamp = try CatalogStamp(path)
        for _ in 0..<CompiledCatalog.readingsMost {
            let outcome = CompiledCatalog.read(path)
            let after = try CatalogStamp(path)
            if after == stamp {
                (bytes, version, lineItems) = try outcome.get()
                self.stamp = stamp
                return
            }
            stamp = after
        }
        throw Failure(
            "\(path): changes all the time; it is read when it stays as it is for as long as reading takes")
    }

    private static func read(_ path: String) -> Result<([UInt8], CatalogVersion, Int), Failure> {
        Result { () throws(Failure) in
            let bytes: [UInt8]
            if try CatalogInput.form(of: path) == .directory {
                bytes = try CatalogInput.compile(path)
            } else {
                bytes = try InputFile.read(path, limit: CatalogInput.snapshotLimitBytes)
            }
            do {
                let snapshot = try CatalogSnapshot(copying: bytes)
                return (bytes, snapshot.version, snapshot.lineItemCount)
            } catch {
                throw Failure("\(path): \(error)")
            }
        }
    }
}
