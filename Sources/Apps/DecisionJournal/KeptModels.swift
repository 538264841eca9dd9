// Copies of the models that a node has served, so that its decisions can be made again and a start has something to serve.
//
//     STORE/models/VERSION/     a directory of models, whose files are names of those in
//     STORE/model-files/        files by their SHA-256
public import Commands
public import Decision
import Kernel
import Units

extension ModelDirectory {
    /// What a node writes of itself for those who make its decisions again, beside its compiled catalogs.
    public static func kept(_ version: UInt64, in store: String) -> String {
        "\(store)/models/\(hexadecimal(version))"
    }

    /// Writes a copy under its version; one that is there is left as it is. The list is written last, so that a copy
    /// that a crash cut short is none.
    public func keep(in store: String) throws(Failure) {
        let directory = Self.kept(served.version, in: store)
        if (try? Kernel.stamp(of: "\(directory)/\(Self.list)")) != nil { return }
        do {
            let shared = Self.shared(in: store)
            for folder in [shared, "\(store)/models", directory] { try Kernel.makeDirectory(folder) }
            for file in files.reversed() {
                let path = "\(shared)/\(file.sha256)"
                if (try? Kernel.stamp(of: path).size) != Int64(file.byteCount) { try write(file, to: path) }
                // What a crash left of a copy without a list.
                _ = Kernel.remove("\(directory)/\(file.name)")
                try Kernel.link(path, as: "\(directory)/\(file.name)")
            }
            for folder in [shared, directory] { try Kernel.synchroniseNames(in: folder) }
            try Kernel.synchroniseNames(in: "\(store)/models")
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure("\(directory): the models could not be kept: \(error)")
        }
    }

    /// Files by their SHA-256: copies that have one in common have it once on the disk.
    private static func shared(in store: String) -> String { "\(store)/model-files" }

    private func write(_ file: ModelFile, to target: String) throws {
        let bytes = try Self.read(file.name, in: path)
        guard Self.checksum(bytes) == file.sha256 else {
            throw Failure(
                "\(path)/\(file.name): changed while it was copied; it is read again when it stays as it is")
        }
        try Kernel.replace(target, with: bytes)
    }

    /// Notes what is served from now on, and of which directory it was read.
    public static func noteServed(_ version: UInt64, in store: String, of source: String) throws(Failure) {
        do {
            try Kernel.replace(
                "\(store)/models/current", with: Array("\(hexadecimal(version))\n\(source)\n".utf8))
        } catch { throw Failure("\(error)") }
    }

    /// The copy of what was served last of this directory; nil where there is none.
    public static func lastServed(in store: String, of source: String) -> String? {
        guard let bytes = try? Kernel.contents(of: "\(store)/models/current", limit: 16_384) else {
            return nil
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 3, lines[1] == source, let version = UInt64(lines[0], radix: 16) else {
            return nil
        }
        return kept(version, in: store)
    }

    /// Copies that a store keeps: as many as are served in a journal's life, hardly more.
    static let keptMost = 64

    /// Removes the oldest copies beyond that, never this one.
    public static func prune(in store: String, keeping version: UInt64) throws(Failure) {
        let folder = "\(store)/models"
        do {
            var copies: [(path: String, age: Int64)] = []
            for name in try Kernel.entries(of: folder) where name != hexadecimal(version) && name != "current"
            {
                let stamp = try? Kernel.stamp(of: "\(folder)/\(name)/\(list)")
                copies.append(("\(folder)/\(name)", stamp?.modifiedNanoseconds ?? 0))
            }
            copies.sort { $0.age < $1.age }
            for copy in copies.dropLast(keptMost - 1) {
                // Without its list a copy is none.
                _ = Kernel.remove("\(copy.path)/\(list)")
                for name in try Kernel.entries(of: copy.path) { _ = Kernel.remove("\(copy.path)/\(name)") }
                try Kernel.removeDirectory(copy.path)
            }
            // Those that no copy has any more, and what a crash left of one. Copies of an earlier version share nothing yet.
            let shared = Self.shared(in: store)
            try Kernel.makeDirectory(shared)
            for name in try Kernel.entries(of: shared)
            where try Kernel.nameCount(of: "\(shared)/\(name)") == 1 {
                _ = Kernel.remove("\(shared)/\(name)")
            }
        } catch {
            throw Failure("\(folder): old models could not be removed: \(error)")
        }
    }

    /// The models that a record names, from where a node kept them.
    public static func find(_ version: UInt64, in stores: [String]) throws(Failure) -> ServedModels {
        for store in stores {
            let directory = kept(version, in: store)
            guard (try? Kernel.stamp(of: "\(directory)/\(list)")) != nil else { continue }
            let found = try ModelDirectory(directory, isMeasured: false).served
            guard found.version == version else {
                throw Failure("\(directory): holds the models \(hexadecimal(found.version))")
            }
            return found
        }
        throw Failure(
            "the models \(hexadecimal(version)) are not in \(stores.joined(separator: " or ")): name where a node keeps its compiled catalogs and models with --catalogs"
        )
    }
}
