// Compiled models as files of a node's own, each under what it was made of: mapped for reading, kept in memory, and
// made again where one is missing or damaged. No request waits for any of it: the thread that loads models does it
// before anybody sees them.
//
//     DIRECTORY/1f0c…93-1.model     SHA-256 of the library's file, and the version of the compiler
public import Commands
import Inference
import Kernel
import Store
import Synchronization
import Units

/// Used by one thread at a time, in a directory that no other process writes to; what it counts, all may ask.
public final class CompiledModels: Sendable {
    /// Mapped by whoever uses the model; the last one lets go of it.
    private struct Mapping {
        weak var file: MappedFile?
        let isKept: Bool
    }

    private struct State {
        var mappings: [String: Mapping] = [:]
        /// By SHA-256, what models took when they were loaded first.
        var costs: [String: ModelCost] = [:]
        var made = 0
        var damaged = 0
    }

    /// Twice the largest set that was measured: the one that serves, and the next.
    public static let bytesMost = 8 << 30

    /// Beyond so many all are measured again: as many as some sets of the largest kind have.
    private static let costsMost = 8_192

    private let directory: String
    private let bytesMost: Int
    private let state = Mutex(State())

    /// Makes the directory where it is missing; its parent is not.
    public init(_ directory: String, bytesMost: Int = CompiledModels.bytesMost) throws(Failure) {
        (self.directory, self.bytesMost) = (directory, bytesMost)
        do {
            try Kernel.makeDirectory(directory)
        } catch { throw Failure("\(directory): could not be made: \(error)") }
    }

    /// The model that was made of a file with this SHA-256: as it is mapped already, from disk, or made now.
    func model(
        of digest: String, making compile: () throws(Failure) -> [UInt8]
    ) throws(Failure) -> Model {
        let name = "\(digest)-\(ModelCompiler.version).model"
        if let file = state.withLock({ $0.mappings[name]?.file }), let model = try? Self.model(in: file) {
            return model
        }
        let path = "\(directory)/\(name)"
        if (try? Kernel.stamp(of: path)) != nil {
            if let model = try? map(name) {
                // Until when it was used at least; one whose time cannot be set is made again too early at worst.
                try? Kernel.touch(path)
                return model
            }
            state.withLock { $0.damaged += 1 }
        }
        let bytes = try compile()
        do {
            try Kernel.replace(path, with: bytes, isDurable: false)
        } catch { throw Failure("compiled models: \(error)") }
        state.withLock { $0.made += 1 }
        do {
            return try map(name)
        } catch { throw Failure("\(path): compiled, and not used: \(error)") }
    }

    /// What a model takes on this machine, which is measured once for as long as the process lives.
    func cost(of digest: String, _ model: Model) -> ModelCost {
        if let known = state.withLock({ $0.costs[digest] }) { return known }
        let cost = ModelCost(of: model)
        state.withLock { state in
            if state.costs.count >= Self.costsMost { state.costs = [:] }
            state.costs[digest] = cost
        }
        return cost
    }

    private func map(_ name: String) throws -> Model {
        let file = try MappedFile("\(directory)/\(name)")
        let isKept = (try? file.keepInMemory()) != nil
        let model = try Self.model(in: file)
        state.withLock { $0.mappings[name] = Mapping(file: file, isKept: isKept) }
        return model
    }

    private static func model(in file: MappedFile) throws(CompiledRefused) -> Model {
        try Model(validating: file.bytes, keptBy: file)
    }

    /// Removes what nobody has mapped, the longest unused first, until the rest is within the limit; and what a crash
    /// left of a file.
    public func prune() throws(Failure) {
        struct Entry {
            let path: String
            let stamp: FileStamp
        }
        let used = state.withLock { state in
            state.mappings = state.mappings.filter { $0.value.file != nil }
            return Set(state.mappings.keys)
        }
        do {
            var (entries, total): ([Entry], Int) = ([], 0)
            for name in try Kernel.entries(of: directory) {
                let path = "\(directory)/\(name)"
                guard name.hasSuffix(".model") else {
                    _ = Kernel.remove(path)
                    continue
                }
                let stamp = try Kernel.stamp(of: path)
                total += Int(stamp.size)
                if !used.contains(name) { entries.append(Entry(path: path, stamp: stamp)) }
            }
            entries.sort { $0.stamp.modifiedNanoseconds < $1.stamp.modifiedNanoseconds }
            for entry in entries {
                guard total > bytesMost else { break }
                let result = Kernel.remove(entry.path)
                guard result >= 0 else { throw Errno(Int32(-result)) }
                total -= Int(entry.stamp.size)
            }
        } catch { throw Failure("\(directory): old compiled models could not be removed: \(error)") }
    }

    // MARK: What operators are told

    public struct Tally: Equatable, Sendable {
        /// Mapped files, and the bytes of those that are kept in memory and of those that are not.
        public var files = 0
        public var keptBytes = 0
        public var looseBytes = 0
        /// Since the start: models that were compiled, and files that were damaged.
        public var made = 0
        public var damaged = 0
    }

    public var tally: Tally {
        state.withLock { state in
            var tally = Tally(made: state.made, damaged: state.damaged)
            for mapping in state.mappings.values {
                guard let file = mapping.file else { continue }
                tally.files += 1
                if mapping.isKept {
                    tally.keptBytes += file.bytes.count
                } else {
                    tally.looseBytes += file.bytes.count
                }
            }
            return tally
        }
    }

    /// What is wrong where not all of them could be kept in memory, and what to do; nil where they are.
    public var complaint: String? {
        let tally = tally
        guard tally.looseBytes > 0 else { return nil }
        let limit = (try? Kernel.keptMemoryLimit()).map { $0.map { "\($0) bytes" } ?? "any number" } ?? "?"
        return
            "found \(tally.looseBytes) of \(tally.keptBytes + tally.looseBytes) bytes of compiled models that the "
            + "system did not let be locked in memory, so that it may take them out while requests wait; RLIMIT_MEMLOCK "
            + "allows \(limit): set LimitMEMLOCK=infinity where systemd starts the node, or ulimit -l unlimited"
    }
}
