// One set of models of a node, with the profiles that they are given.
import Commands
import Decision
import DecisionJournal
import Features
import Kernel
import Settings
import Store
import Telemetry

/// Shared by all shards; nothing of it changes but the profiles, which others write.
final class NodeModels: Sendable {
    let served: ServedModels
    /// By entity's number; nil where the schema keeps none of that kind, or nobody has imported any.
    let profiles: [ProfileStore?]

    /// - Parameter former: whose profiles serve on where the schema is the same.
    init(
        _ directory: ModelDirectory, _ settings: ModelSettings, former: NodeModels?, _ log: Log
    ) throws(Failure) {
        served = directory.served
        if let former, former.served.features.fingerprint == served.features.fingerprint {
            profiles = former.profiles
            return
        }
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
    }
}
