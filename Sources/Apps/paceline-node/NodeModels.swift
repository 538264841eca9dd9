// The models of a node: read and kept when it starts, with the profiles that they are given.
import Commands
import Decision
import DecisionJournal
import Features
import Kernel
import Settings
import Store
import Telemetry
import Units

/// Shared by all shards; nothing of it changes but the profiles, which others write.
final class NodeModels: Sendable {
    let served: ServedModels
    /// By entity's number; nil where the schema keeps none of that kind, or nobody has imported any.
    let profiles: [ProfileStore?]

    /// Sets of models that are kept for replay: as many as a node was started with in a journal's life, hardly more.
    private static let keptMost = 64

    /// - Parameter store: the directory of the node's compiled catalogs.
    init(_ settings: ModelSettings, store: String, _ log: Log) throws(Failure) {
        let directory = try ModelDirectory(settings.path)
        served = directory.served
        try directory.keep(in: store)
        try ModelDirectory.prune(in: store, keeping: served.version, most: Self.keptMost)
        var profiles: [ProfileStore?] = []
        for entity in FeatureEntity.allCases {
            guard let folder = settings.profiles, served.features.layout(of: entity).bytes > 0 else {
                profiles.append(nil)
                continue
            }
            let path = "\(folder)/\(entity.rawValue).profiles"
            guard (try? Kernel.stamp(of: path)) != nil else {
                log.warning("there are no profiles of this kind", ["path": .string(path)])
                profiles.append(nil)
                continue
            }
            do {
                profiles.append(try ProfileStore(reading: path, served.features, entity))
            } catch { throw Failure("models.profiles: \(error)") }
        }
        self.profiles = profiles
        log.info(
            "models taken into use",
            [
                "version": .string(hexadecimal(served.version)), "models": .integer(served.models.count),
                "schema": .string(served.features.schema.name), "path": .string(settings.path),
            ])
    }
}
