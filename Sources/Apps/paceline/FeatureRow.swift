// The features of one thing at a time, as they are shown and as they are logged for `paceline features consistency`.
import Catalog
import Commands
import Documents
import Features
import Units

struct FeatureRow {
    let entity: FeatureEntity
    let name: String
    let at: Instant
    /// Changes that had made the profile; 0 where nothing was known.
    let version: UInt32
    /// By the schema's columns; those of other entities are not this row's.
    let values: [Float]
    let codes: [FeatureCode]
    let columns: [Int]

    /// What a profile says at a time; without one, what is said of somebody of whom nothing is known.
    init(
        entity: FeatureEntity, name: String, at: Instant, version: UInt32, profile: [UInt8]?,
        _ features: CompiledFeatures
    ) {
        self.entity = entity
        self.name = name
        self.at = at
        self.version = version
        var values = [Float](repeating: .nan, count: features.schema.features.count)
        var codes = [UInt8](repeating: FeatureCode.missing.rawValue, count: values.count)
        var valueSpan = values.mutableSpan
        var codeSpan = codes.mutableSpan
        let layout = features.layout(of: entity)
        if let profile {
            let seconds = UInt32(clamping: at.nanoseconds / 1_000_000_000)
            profile.withUnsafeBytes {
                layout.hydrate(
                    RawSpan(_unsafeBytes: $0), at: seconds, into: &valueSpan, codes: &codeSpan)
            }
        } else {
            layout.hydrateUnknown(into: &valueSpan, codes: &codeSpan)
        }
        self.values = values
        self.codes = codes.map { FeatureCode(rawValue: $0) ?? .missing }
        columns = features.schema.features.indices.filter {
            features.schema.features[$0].entity == entity && features.schema.features[$0].isStored
        }
    }

    func tree(_ features: CompiledFeatures) -> JSONTree {
        let members = columns.map { column in
            JSONTree.Member(
                features.schema.features[column].name,
                [
                    "value": values[column].isNaN ? .null : JSONTree(.number("\(values[column])")),
                    "code": .string("\(codes[column])"),
                ])
        }
        return .object([
            .init("at", .string(Timestamp.text(at))), .init(entity.rawValue, .string(name)),
            .init("version", .number(version)), .init("features", .object(members)),
        ])
    }

    func print(_ features: CompiledFeatures, _ output: inout Output) {
        output.print("\(entity.rawValue) \(name), version \(version)")
        let width = columns.map { features.schema.features[$0].name.utf8.count }.max() ?? 0
        for column in columns {
            let feature = features.schema.features[column]
            let space = String(repeating: " ", count: width - feature.name.utf8.count)
            output.print("  \(feature.name)\(space)  \(shown(column, feature))  \(codes[column])")
        }
    }

    private func shown(_ column: Int, _ feature: Feature) -> String {
        let value = values[column]
        guard !value.isNaN else { return "-" }
        switch feature.kind {
        case .number: return "\(value)"
        case .flag: return value == 0 ? "false" : "true"
        case .category:
            let place = Int(value)
            return feature.categories.indices.contains(place) ? feature.categories[place] : "\(value)"
        }
    }
}
