// `paceline features show`: what models would be given of one thing at a time.
import Commands
import Documents
import Features
import Kernel
import Store
import Units

enum FeaturesShow {
    static let words = Parameter.arguments(
        "NAME", WordKind.text, atLeastOne: true,
        "user, household, content, lineItem or creative; then the keys of those to show.")
    static let time = Parameter.option(
        "at", WordKind.instant, "When they are asked for, as in 2026-11-20T18:00:00Z; without it, now.")
    static let json = Parameter.json

    private static let demo =
        "paceline features import --schema Examples/features/schema.json --store profiles "
        + "Examples/features/history.jsonl > /dev/null; "
        + "paceline features show --schema Examples/features/schema.json --store profiles --at 2026-11-20T20:00:00Z"

    static let command = Command(
        "show", "Shows what models would be given of one thing.",
        discussion: """
            For each feature its value at that time and what stands behind it: present, stale (older than the schema
            wants it), defaulted (nothing is known, and the schema's default stands in) or missing. The number of changes
            that made the profile is its version.
            """,
        parameters: [FeaturesInput.schema, FeaturesInput.store, time, json, words],
        examples: [
            Example("\(demo) user viewer-1", "A viewer's features.", prints: "user viewer-1, version 7"),
            Example("\(demo) --json user viewer-1 nobody", "The same for programs, a line for each."),
        ],
        run: run)

    private static func run(_ call: Invocation, _ output: inout Output) throws(Failure) -> Outcome {
        let features = try FeaturesInput.features(call[FeaturesInput.schema])
        guard call[words].count > 1 else { throw Failure("the key of what is to be shown is needed", .usage) }
        let entity = try FeaturesInput.entity(call[words][0])
        guard features.layout(of: entity).bytes > 0 else {
            throw Failure("the schema has no features of a \(entity.rawValue)")
        }
        let store: ProfileStore
        do {
            store = try ProfileStore(
                reading: FeaturesInput.file(entity, in: call[FeaturesInput.store]), features, entity)
        } catch {
            throw Failure("\(error)")
        }
        let now = call[time] ?? Kernel.wallNow()
        var room = [UInt8](repeating: 0, count: store.layout.bytes)
        for name in call[words].dropFirst() {
            let version = room.withUnsafeMutableBytes { store.copy(CompiledFeatures.key(name), into: $0) }
            let row = FeatureRow(
                entity: entity, name: name, at: now, version: version ?? 0,
                profile: version == nil ? nil : room, features)
            if call[json] {
                output.print(row.tree(features).line)
            } else {
                row.print(features, &output)
            }
        }
        return .ok
    }
}
