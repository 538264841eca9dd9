// What profiles said in journaled decisions, once more from the history of changes.
import Commands
import Decision
import DecisionJournal
import Features
import Units

/// Over one journal after the other.
struct JournaledRows {
    private let features: CompiledFeatures
    private let changes: [FeatureEntity: [UInt64: [ToldChange]]]
    private(set) var decisions = 0
    private(set) var rows = 0
    private(set) var values = 0
    /// One for each difference.
    private(set) var lines: [String] = []
    private(set) var complaints: [String] = []

    init(_ features: CompiledFeatures, _ changes: [FeatureEntity: [UInt64: [ToldChange]]]) {
        (self.features, self.changes) = (features, changes)
    }

    mutating func check(_ path: String) throws(Failure) {
        var failure: Failure?
        var broken: [String] = []
        DecisionSearch.all([path], DecisionMakers(stores: [], keys: nil)) { found in
            do throws(Failure) {
                if failure == nil { try check(found.record) }
            } catch { failure = error }
        } broken: {
            broken.append($0)
        }
        complaints += broken
        if let failure { throw failure }
    }

    private mutating func check(_ record: RecordedDecision) throws(Failure) {
        guard let models = record.models, let profiles = models.profiles else { return }
        let place = "decision \(hexadecimal(record.id))"
        guard models.schema == features.shortFingerprint else {
            complaints.append("\(place): was made with another schema, and is not looked at")
            return
        }
        decisions += 1
        for profile in profiles where profile.version > 0 {
            let told = changes[profile.entity]?[profile.key] ?? []
            let name = told.first?.name ?? hexadecimal(profile.key)
            let row = try FeaturesConsistency.row(
                told, profile.entity, name, at: record.now, version: profile.version, features, place)
            rows += 1
            for (column, logged) in zip(row.columns, profile.values) {
                values += 1
                let (value, code) = (row.values[column], row.codes[column])
                // What stands in for a value is the schema's, and not in the record.
                let isOwn = code == .present || code == .stale
                if code == logged.code, !isOwn || value.bitPattern == logged.value.bitPattern { continue }
                lines.append(
                    "\(place): \(profile.entity.rawValue) \(name), \(features.schema.features[column].name): "
                        + "logged \(logged.value) (\(logged.code)), recomputed \(value) (\(code))")
            }
        }
    }
}
