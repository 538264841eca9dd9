// The models that a node serves, and how it came to serve them: what the directory says as soon as it is read and
// accepted whole, the last good ones as long as it is not.
import Commands
import Decision
import DecisionJournal
import Features
import JSON
import Kernel
import Settings
import Synchronization
import Telemetry
import Units

/// Shared by all threads: the loading thread changes what is served, the others ask.
final class ModelSets: Sendable {
    private struct State {
        var serving: NodeModels
        /// Why the directory's models are not what is served; nil where they are.
        var refused: String?
        /// What was looked at last, whatever came of it.
        var seen: [String: FileStamp]?
        var seenProfiles: ProfileFiles
    }

    private let settings: ModelSettings
    let shadows: ShadowWork
    /// Beside the compiled catalogs.
    private let store: String
    /// Beside them, too.
    private let compiled: CompiledModels
    private let state: Mutex<State>
    private let health: Health
    private let log: Log
    private let counters = Mutex<(reloads: SharedCounter, refusals: SharedCounter)?>(nil)

    /// Readings of files that change while they are read.
    private static let readingsMost = 3

    /// Reads the models; where they are refused, those that were served last serve again.
    init(_ settings: ModelSettings, store: String, _ health: Health, _ log: Log) throws(Failure) {
        (self.settings, self.store, self.health, self.log) = (settings, store, health, log)
        shadows = ShadowWork(settings)
        compiled = try CompiledModels("\(store)/compiled-models")
        let found = Result { [compiled] () throws(Failure) in
            let (directory, seen) = try Self.read(settings.path, compiled)
            return (directory, try NodeModels(directory.served, settings, former: nil, log), seen)
        }
        switch found {
        case .success(let (directory, models, seen)):
            state = Mutex(State(serving: models, refused: nil, seen: seen, seenProfiles: models.files))
            try keep(directory)
            health.set("models", .ready)
        case .failure(let failure):
            guard let last = ModelDirectory.lastServed(in: store, of: settings.path) else { throw failure }
            let models = try NodeModels(
                ModelDirectory(last, isMeasured: false, compiled: compiled).served, settings, former: nil, log
            )
            state = Mutex(State(serving: models, refused: nil, seen: nil, seenProfiles: models.files))
            refuse(failure)
        }
        note(serving)
    }

    var serving: NodeModels { state.withLock { $0.serving } }

    // MARK: While serving

    /// Other models than those that are served, or the same with other files of profiles, where the directory has any
    /// that are accepted whole. On the loading thread.
    func changed(isWanted: Bool) -> NodeModels? {
        do {
            let (stamp, profiles) = (try Self.stamp(settings.path), ProfileFiles(in: settings))
            let isNews = state.withLock { state in
                defer { (state.seen, state.seenProfiles) = (stamp, profiles) }
                return stamp != state.seen || profiles != state.seenProfiles
            }
            guard isWanted || isNews else { return nil }
            let (directory, seen) = try Self.read(settings.path, compiled)
            state.withLock { $0.seen = seen }
            let former = serving
            guard directory.served.version != former.served.version else {
                let models =
                    former.areProfilesOthers(settings)
                    ? try NodeModels(former.served, settings, former: former, log) : nil
                state.withLock { $0.refused = nil }
                health.set("models", .ready)
                return models
            }
            let models = try NodeModels(directory.served, settings, former: former, log)
            try keep(directory)
            return models
        } catch {
            // What cannot be looked at is so at every look, and is said once; whoever asked is told again.
            if isWanted || state.withLock({ $0.refused }) != error.shown { refuse(error) }
            return nil
        }
    }

    /// All shards decide with these.
    func took(_ models: NodeModels) {
        let former = serving
        state.withLock { ($0.serving, $0.refused) = (models, nil) }
        health.set("models", .ready)
        if former.files != models.files {
            log.info(
                "profiles taken into use",
                [
                    "files": .integer(models.profiles.count { $0 != nil }),
                    "path": .string(settings.profiles ?? ""),
                ])
        }
        guard former.served.version != models.served.version else { return }
        counters.withLock { $0?.reloads.add() }
        note(models)
    }

    func refuse(_ failure: Failure) {
        let shown = failure.shown
        state.withLock { $0.refused = shown }
        counters.withLock { $0?.refusals.add() }
        health.set("models", .notice("the models on disk are refused, the last good ones serve: \(shown)"))
        log.error("models on disk refused, the last good ones stay", ["cause": .string(failure.message)])
    }

    private func note(_ models: NodeModels) {
        log.info(
            "models taken into use",
            [
                "version": .string(hexadecimal(models.served.version)),
                "models": .integer(models.served.models.count),
                "shadows": .integer(models.served.shadows.count),
                "schema": .string(models.served.features.schema.name), "path": .string(settings.path),
            ])
        if let complaint = compiled.complaint {
            log.warning("models are not kept in memory", ["cause": .string(complaint)])
        }
    }

    // MARK: Files

    private static func stamp(_ path: String) throws(Failure) -> [String: FileStamp] {
        do {
            var stamps: [String: FileStamp] = [:]
            for name in try Kernel.entries(of: path) {
                stamps[name] = try Kernel.stamp(of: "\(path)/\(name)")
            }
            return stamps
        } catch {
            throw Failure("\(path): could not be looked at: \(error)")
        }
    }

    private static func read(
        _ path: String, _ compiled: CompiledModels
    ) throws(Failure) -> (ModelDirectory, [String: FileStamp]) {
        var stamp = try stamp(path)
        for _ in 0..<readingsMost {
            let outcome = Result { () throws(Failure) in try ModelDirectory(path, compiled: compiled) }
            let after = try Self.stamp(path)
            if after == stamp { return (try outcome.get(), stamp) }
            stamp = after
        }
        throw Failure(
            "\(path): changes all the time; it is read when it stays as it is for as long as reading takes")
    }

    private func keep(_ directory: ModelDirectory) throws(Failure) {
        try directory.keep(in: store)
        try ModelDirectory.noteServed(directory.served.version, in: store, of: settings.path)
        try ModelDirectory.prune(in: store, keeping: directory.served.version)
        try compiled.prune()
    }

    // MARK: What operators are told

    @_lifetime(json: copy json)
    func describe(_ json: inout JSONWriter) {
        let (version, refused) = state.withLock { ($0.serving.served.version, $0.refused) }
        json.beginObject()
        json.field("version", hexadecimal(version))
        json.key("refused")
        if let refused { json.value(String(refused.prefix(Failure.describedBytes))) } else { json.null() }
        json.endObject()
    }

    func register(in catalogue: inout MetricsCatalogue) {
        let reloads = catalogue.sharedCounter(
            "paceline_model_reloads_total", help: "Sets of models taken into use while serving.")
        let refusals = catalogue.sharedCounter(
            "paceline_model_refusals_total",
            help: "Sets of models on disk that were refused; the last good one stays in use.")
        counters.withLock { $0 = (reloads, refusals) }
        catalogue.computedGauge(
            "paceline_model_refused",
            help: "1 while the models on disk are refused and the last good ones serve."
        ) { [self] in state.withLock { $0.refused } == nil ? 0 : 1 }
        let compiled = compiled
        catalogue.computedGauge(
            "paceline_model_compiled_bytes",
            help: "Compiled models that are mapped, by whether the system lets them be kept in memory.",
            unit: .bytes, labels: ["kept": "yes"]
        ) { Double(compiled.tally.keptBytes) }
        catalogue.computedGauge(
            "paceline_model_compiled_bytes",
            help: "Compiled models that are mapped, by whether the system lets them be kept in memory.",
            unit: .bytes, labels: ["kept": "no"]
        ) { Double(compiled.tally.looseBytes) }
        catalogue.computedCounter(
            "paceline_model_compilations_total", help: "Models that were compiled, and not found compiled."
        ) { Double(compiled.tally.made) }
        catalogue.computedCounter(
            "paceline_model_damaged_total",
            help: "Files of compiled models that were damaged, and made again."
        ) { Double(compiled.tally.damaged) }
        catalogue.computedGauge(
            "paceline_model_checksum",
            help: "The first eight digits of the version of the models in use, as a number."
        ) { [self] in Double(serving.served.version >> 32) }
    }
}
