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
    /// Which files those are.
    let files: ProfileFiles

    /// - Parameter former: whose profiles serve on where schema and file are the same.
    init(
        _ served: ServedModels, _ settings: ModelSettings, former: NodeModels?, _ log: Log
    ) throws(Failure) {
        self.served = served
        let files = ProfileFiles(in: settings)
        let isSameSchema = former?.served.features.fingerprint == served.features.fingerprint
        var profiles: [ProfileStore?] = []
        for entity in FeatureEntity.allCases {
            let place = Int(entity.number)
            guard let folder = settings.profiles, served.features.layout(of: entity).bytes > 0 else {
                profiles.append(nil)
                continue
            }
            if let former, isSameSchema, former.files.all[place] == files.all[place] {
                profiles.append(former.profiles[place])
                continue
            }
            let path = ProfileFiles.path(of: entity, in: folder)
            guard files.all[place] != nil || settings.shared != nil else {
                log.warning("there are no profiles of this kind", ["path": .string(path)])
                profiles.append(nil)
                continue
            }
            do {
                if settings.shared == nil {
                    profiles.append(try ProfileStore(reading: path, served.features, entity))
                } else {
                    // Of what is fed the node itself is the one who writes.
                    try Kernel.makeDirectory(folder)
                    profiles.append(
                        try ProfileStore(path, served.features, entity, bytesMost: settings.profileBytes))
                }
            } catch { throw Failure("models.profiles: \(error)") }
        }
        self.profiles = profiles
        // Those that were made just now are no news.
        self.files = settings.shared == nil ? files : ProfileFiles(in: settings)
    }

    /// Whether the files that its profiles are mapped from have been made, removed or replaced since.
    func areProfilesOthers(_ settings: ModelSettings) -> Bool { files != ProfileFiles(in: settings) }
}

/// Which files of profiles there are: others once one was made, removed or replaced, and the same as long as only what is
/// in them changes.
struct ProfileFiles: Equatable, Sendable {
    struct File: Equatable, Sendable {
        let device: UInt64
        let inode: UInt64
    }

    /// By entity's number; nil where there is none.
    let all: [File?]

    init(in settings: ModelSettings) {
        all = FeatureEntity.allCases.map { entity in
            guard let folder = settings.profiles,
                let stamp = try? Kernel.stamp(of: Self.path(of: entity, in: folder))
            else { return nil }
            return File(device: stamp.device, inode: stamp.inode)
        }
    }

    static func path(of entity: FeatureEntity, in folder: String) -> String {
        "\(folder)/\(entity.rawValue).profiles"
    }
}
