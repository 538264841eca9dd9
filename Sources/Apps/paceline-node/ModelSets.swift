// The models that a node serves, and how it came to serve them: what the directory says as soon as it is read and
// accepted whole, or what is published as soon as it is here, and the last good ones as long as neither is.
import CatalogWire
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
        /// Nil as long as none that are published were here ever.
        var serving: NodeModels?
        /// Why the directory's models are not what is served; nil where they are.
        var refused: String?
        /// What was looked at last, whatever came of it.
        var seen: [String: FileStamp]?
        var seenProfiles: ProfileFiles
    }

    private let settings: ModelSettings
    /// What they are called in messages, and in what was noted for the next start.
    private let source: String
    /// Nil where they come from a directory.
    let published: Published?
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
    init(
        _ settings: ModelSettings, _ whole: NodeSettings, store: String, _ health: Health, _ log: Log
    ) throws(Failure) {
        (self.settings, self.store, self.health, self.log) = (settings, store, health, log)
        source = settings.path ?? Published.source
        published = try settings.published.map { published throws(Failure) in
            try Published(
                .models, whole, draft: "\(store)/incoming-models", memory: "\(store)/published-models",
                blobBytes: published.blobBytes, format: ModelPackage.format, log)
        }
        shadows = ShadowWork(settings)
        let compiled = try CompiledModels("\(store)/compiled-models")
        self.compiled = compiled
        let last = ModelDirectory.lastServed(in: store, of: source)
        func served(_ path: String) throws(Failure) -> NodeModels {
            try NodeModels(
                ModelDirectory(path, isMeasured: false, compiled: compiled).served, settings, former: nil, log
            )
        }
        func start(_ serving: NodeModels?, _ seen: [String: FileStamp]? = nil) -> Mutex<State> {
            Mutex(
                State(
                    serving: serving, refused: nil, seen: seen,
                    seenProfiles: serving?.files ?? ProfileFiles(in: settings)))
        }
        guard let path = settings.path else {
            var found: NodeModels?
            if let last {
                do throws(Failure) { found = try served(last) } catch {
                    log.error(
                        "the models that were served last cannot be", ["cause": .string(error.message)])
                }
            }
            state = start(found)
            if let found { note(found) }
            return
        }
        let found = Result { () throws(Failure) in
            let (directory, seen) = try Self.read(path, compiled)
            return (directory, try NodeModels(directory.served, settings, former: nil, log), seen)
        }
        switch found {
        case .success(let (directory, models, seen)):
            state = start(models, seen)
            try keep(directory)
            health.set("models", .ready)
            note(models)
        case .failure(let failure):
            guard let last else { throw failure }
            let models = try served(last)
            state = start(models)
            refuse(failure)
            note(models)
        }
    }

    var serving: NodeModels? { state.withLock { $0.serving } }

    /// Waits for the first ones, for who can do nothing without any.
    func awaitServing() -> NodeModels {
        while true {
            if let serving { return serving }
            Kernel.sleep(for: .milliseconds(250))
        }
    }

    // MARK: What is published

    /// - Parameter wake: called when something has come.
    func start(wake: @escaping @Sendable () -> Void) throws(Failure) {
        try published?.start(
            serving: serving.map { hexadecimal($0.served.version) }, wake: wake,
            judge: { [self] in judge() })
        judge()
    }

    /// What lies whole in the draft, and how it would serve; without that where it serves already.
    func arrived() throws -> (ModelDirectory, NodeModels?) {
        let bytes = try Kernel.contents(of: published?.draft ?? "", limit: settings.published?.blobBytes ?? 0)
        let folder = "\(store)/arrived-models"
        try ModelPackage.unpack(bytes, into: folder)
        let directory = try ModelDirectory(folder, compiled: compiled)
        let former = serving
        guard former?.served.version != directory.served.version else { return (directory, nil) }
        return (directory, try NodeModels(directory.served, settings, former: former, log))
    }

    private func judge() {
        guard let published else { return }
        health.set("models", published.health(isMissing: serving == nil))
    }

    // MARK: While serving

    /// Other models than those that are served, or the same with other files of profiles, where the directory has any
    /// that are accepted whole. On the loading thread.
    func changed(isWanted: Bool) -> NodeModels? {
        guard let path = settings.path else { return changedProfiles() }
        do {
            let (stamp, profiles) = (try Self.stamp(path), ProfileFiles(in: settings))
            let isNews = state.withLock { state in
                defer { (state.seen, state.seenProfiles) = (stamp, profiles) }
                return stamp != state.seen || profiles != state.seenProfiles
            }
            guard isWanted || isNews else { return nil }
            let (directory, seen) = try Self.read(path, compiled)
            state.withLock { $0.seen = seen }
            let former = serving
            if let former, directory.served.version == former.served.version {
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

    /// The same models with other files of profiles.
    private func changedProfiles() -> NodeModels? {
        guard let former = serving else { return nil }
        let files = ProfileFiles(in: settings)
        let isNews = state.withLock { state in
            defer { state.seenProfiles = files }
            return files != state.seenProfiles
        }
        guard isNews, former.areProfilesOthers(settings) else { return nil }
        do {
            return try NodeModels(former.served, settings, former: former, log)
        } catch {
            refuse(error)
            return nil
        }
    }

    /// All shards decide with these.
    func took(_ models: NodeModels) {
        let former = serving
        state.withLock { ($0.serving, $0.refused) = (models, nil) }
        if published == nil { health.set("models", .ready) } else { judge() }
        if let former, former.files != models.files {
            log.info(
                "profiles taken into use",
                [
                    "files": .integer(models.profiles.count { $0 != nil }),
                    "path": .string(settings.profiles ?? ""),
                ])
        }
        guard former?.served.version != models.served.version else { return }
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
                "schema": .string(models.served.features.schema.name), "path": .string(source),
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

    /// Copies it to where the next start finds it.
    func keep(_ directory: ModelDirectory) throws(Failure) {
        try directory.keep(in: store)
        try ModelDirectory.noteServed(directory.served.version, in: store, of: source)
        try ModelDirectory.prune(in: store, keeping: directory.served.version)
        try compiled.prune()
    }

    // MARK: What operators are told

    /// Why what is on disk, or published, is not what serves.
    private var refused: String? {
        published?.follower.state.refused?.why ?? state.withLock { $0.refused }
    }

    @_lifetime(json: copy json)
    func describe(_ json: inout JSONWriter) {
        let (version, refused) = (serving?.served.version, refused)
        json.beginObject()
        if let version { json.field("version", hexadecimal(version)) }
        if let published {
            json.key("published")
            published.describe(&json)
        }
        json.key("refused")
        if let refused { json.value(String(refused.prefix(Failure.describedBytes))) } else { json.null() }
        json.endObject()
    }

    func register(in catalogue: inout MetricsCatalogue) {
        published?.follower.register(in: &catalogue)
        let reloads = catalogue.sharedCounter(
            "paceline_model_reloads_total", help: "Sets of models taken into use while serving.")
        let refusals = catalogue.sharedCounter(
            "paceline_model_refusals_total",
            help: "Sets of models on disk that were refused; the last good one stays in use.")
        counters.withLock { $0 = (reloads, refusals) }
        catalogue.computedGauge(
            "paceline_model_refused",
            help: "1 while the models on disk are refused and the last good ones serve."
        ) { [self] in refused == nil ? 0 : 1 }
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
        ) { [self] in serving.map { Double($0.served.version >> 32) } }
    }
}
