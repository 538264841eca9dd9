// Reads catalogs for commands: a directory of JSON files, or a compiled snapshot.
public import Catalog
import Kernel

public enum CatalogInput {
    /// What is at a path.
    public enum Form { case directory, snapshot }

    public static func form(of path: String) throws(Failure) -> Form {
        do {
            return try Kernel.isDirectory(path) ? .directory : .snapshot
        } catch {
            throw Failure("\(path): could not be read: \(error)")
        }
    }

    /// The files of a directory whose names end in .json, read as one catalog.
    public static func reading(_ directory: String) throws(Failure) -> CatalogReading {
        let names: [String]
        do {
            names = try Kernel.entries(of: directory)
        } catch {
            throw Failure("\(directory): could not be listed: \(error)")
        }
        var reading = CatalogReading()
        var count = 0
        for name in names {
            let path = "\(directory)/\(name)"
            if (try? Kernel.isDirectory(path)) == true {
                throw Failure("\(path): found a directory; all files of a catalog lie in one directory")
            }
            guard name.hasSuffix(".json") else { continue }
            count += 1
            guard count <= CatalogReading.mostFiles else {
                throw Failure(
                    "\(directory): more than \(CatalogReading.mostFiles) .json files, the most of a catalog")
            }
            reading.add(path, try InputFile.read(path, limit: CatalogReading.mostFileBytes))
        }
        guard count > 0 else { throw Failure("\(directory): no .json file there, so no catalog") }
        return reading
    }

    /// Four gibibytes is what the offsets of a snapshot can reach.
    public static let snapshotLimitBytes = 4 * 1024 * 1024 * 1024

    public static func snapshot(_ path: String) throws(Failure) -> CatalogSnapshot {
        let bytes = try InputFile.read(path, limit: snapshotLimitBytes)
        do {
            return try CatalogSnapshot(copying: bytes)
        } catch {
            throw Failure("\(InputFile.displayName(path)): \(error)")
        }
    }

    /// A catalog in either form. A directory that is refused fails with everything that is wrong in it.
    public static func source(_ path: String) throws(Failure) -> CatalogSource {
        switch try form(of: path) {
        case .snapshot: return CatalogSource(try snapshot(path))
        case .directory:
            let reading = try reading(path)
            do {
                return try reading.finish()
            } catch {
                throw Failure((["the catalog is refused"] + report(error)).joined(separator: "\n"))
            }
        }
    }

    /// A catalog in either form, ready to be asked.
    public static func compiled(_ path: String) throws(Failure) -> CatalogSnapshot {
        guard try form(of: path) == .directory else { return try snapshot(path) }
        let bytes = try compile(path)
        do {
            return try CatalogSnapshot(copying: bytes)
        } catch {
            throw Failure("\(path): was compiled and is refused: \(error)")
        }
    }

    /// The bytes of a snapshot of the catalog in a directory.
    public static func compile(_ directory: String) throws(Failure) -> [UInt8] {
        let source = try source(directory)
        do {
            return try CatalogCompiler.compile(source)
        } catch {
            throw Failure("\(directory): passed its check and does not compile: \(error)")
        }
    }

    /// A line for each refusal, as compilers write theirs.
    public static func report(_ refused: CatalogRefused) -> [String] {
        refused.refusals.map(\.description)
            + (refused.unreported == 0 ? [] : ["and \(refused.unreported) more"])
    }
}
