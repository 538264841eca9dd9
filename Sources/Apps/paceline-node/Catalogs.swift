// The catalog that a node serves, and how it came to serve it: the last good one from disk at once, what the files say
// as soon as it is compiled, or what is published as soon as it is here; and nothing that is refused.
import Catalog
import CatalogWire
import Commands
import Decision
import Features
import JSON
import Kernel
import Serving
import Settings
import Store
import Synchronization
import Telemetry
import Units

/// Shared by all threads: the loading thread changes what is served, the others ask.
final class Catalogs: Sendable {
    /// What is served.
    struct Serving: Sendable {
        /// By what its things are counted, with its catalog.
        let numbers: EntityNumbers
        /// What notices mean in it.
        let places: NoticePlaces
        /// What decisions know of it.
        let index: DecisionIndex
        /// What models know of it; nil where there are none.
        let plan: ScoringPlan?
        let models: NodeModels?
        /// When it was taken into use.
        let since: Instant

        /// Takes some tenths of a second for a million line items.
        init(
            _ snapshot: CatalogSnapshot, _ settings: DecisionSettings, _ models: NodeModels?
        ) throws(Failure) {
            numbers = EntityNumbers(snapshot)
            places = NoticePlaces(snapshot)
            index = DecisionIndex(snapshot, settings)
            plan = try Self.plan(models, snapshot)
            self.models = models
            since = Kernel.monotonicNow()
        }

        /// The same catalog with other models.
        init(_ former: Serving, _ models: NodeModels) throws(Failure) {
            (numbers, places, index, since) = (former.numbers, former.places, former.index, former.since)
            plan =
                former.models?.served.version == models.served.version
                ? former.plan : try Self.plan(models, former.snapshot)
            self.models = models
        }

        private static func plan(
            _ models: NodeModels?, _ snapshot: CatalogSnapshot
        ) throws(Failure) -> ScoringPlan? {
            do {
                return try models.map { models throws(ModelsRefused) in
                    try ScoringPlan(models.served, snapshot)
                }
            } catch { throw Failure("models: \(error)") }
        }

        var snapshot: CatalogSnapshot { numbers.snapshot }
    }

    private struct State {
        var serving: Serving?
        /// Why the files' catalog is not what is served; nil where it is.
        var refused: String?
        var failure: Failure?
        /// By how many line items the one before had more.
        var fewer = 0
        /// The files that `serving` was made of; nil for one from a former start.
        var stamp: CatalogStamp?
        /// Nothing is known of any catalog, and one without line items stands in for it.
        var isMissing = false
    }

    let settings: CatalogSettings
    let decisions: DecisionSettings
    private let notices: NodeNotices?
    /// How long a request may wait that does not say.
    private let patience: Interval
    let models: ModelSets?
    let store: SnapshotStore
    /// Nil where the catalog comes from files.
    let published: Published?
    /// What the catalog is called in messages.
    let source: String
    private let wanted: Descriptor
    private let state = Mutex(State())
    private let health: Health
    private let log: Log
    private let counters = Mutex<(reloads: SharedCounter, refusals: SharedCounter)?>(nil)

    /// Opens the node's own files. Nothing is served yet.
    init(
        _ settings: CatalogSettings, _ decisions: DecisionSettings, _ notices: NodeNotices?,
        _ whole: NodeSettings, _ health: Health, _ log: Log
    ) throws(Failure) {
        self.settings = settings
        self.decisions = decisions
        self.notices = notices
        patience = whole.overload.limit
        self.health = health
        self.log = log
        do {
            store = try SnapshotStore(settings.stateDirectory)
        } catch {
            throw Failure("catalog.stateDirectory: \(error)")
        }
        if let path = settings.path {
            (source, published) = (path, nil)
        } else {
            source = Published.source
            published = try Published(
                .catalog, whole, draft: store.draft, memory: "\(store.directory)/published",
                blobBytes: settings.published?.blobBytes ?? 0, format: CatalogSnapshot.format, log)
        }
        self.models = try whole.models.map { [store] models throws(Failure) in
            try ModelSets(models, whole, store: store.directory, health, log)
        }
        do {
            wanted = try Kernel.blockingEventDescriptor()
        } catch {
            throw Failure("no event descriptor for reloads: \(error)")
        }
    }

    var serving: Serving? { state.withLock { $0.serving } }
    var refused: String? {
        if let published { return published.follower.state.refused?.why }
        return state.withLock { $0.refused }
    }
    /// Whether this was said already.
    func isRefused(for failure: Failure) -> Bool {
        state.withLock { $0.refused != nil && $0.failure == failure }
    }
    var isMissing: Bool { state.withLock { $0.isMissing } }
    var stamp: CatalogStamp? { state.withLock { $0.stamp } }

    // MARK: At start

    /// Finds something to serve: the last good catalog of these files, or else what they are now.
    func start() throws(Failure) {
        if let snapshot = lastGood() {
            let serving = try Serving(snapshot, decisions, models?.serving)
            sayUnknown(serving)
            return state.withLock { $0.serving = serving }
        }
        guard let path = settings.path else { return try startWithout() }
        let compiled = try CompiledCatalog(path)
        let snapshot = try keep(compiled)
        try noteServed(snapshot)
        let serving = try Serving(snapshot, decisions, models?.serving)
        if snapshot.lineItemCount == 0 {
            log.warning("the catalog has no line item: nothing can be bid", ["path": .string(path)])
        }
        sayUnknown(serving)
        state.withLock { ($0.serving, $0.stamp) = (serving, compiled.stamp) }
    }

    /// Catalogs and models come one after the other, so that a model for a campaign that is not there is no reason to
    /// refuse either.
    private func sayUnknown(_ serving: Serving) {
        guard let unknown = serving.plan?.unknownCampaigns, !unknown.isEmpty else { return }
        log.notice(
            "models name campaigns that the catalog does not have",
            [
                "campaigns": .integer(unknown.count),
                "first": .string(unknown.prefix(Self.unknownShown).joined(separator: " ")),
            ])
    }

    private static let unknownShown = 5

    /// Nobody has told of a catalog yet: the node answers, and is not ready.
    private func startWithout() throws(Failure) {
        do {
            let bytes = try CatalogCompiler.compile(CatalogSource())
            let version = try CatalogSnapshot(copying: bytes).version
            // On disk too: what is decided with it is decided again like everything else.
            let file = try store.keep(bytes, as: "\(version)")
            let serving = try Serving(
                CatalogSnapshot(validating: file.bytes, keptBy: file), decisions, models?.serving)
            state.withLock { ($0.serving, $0.isMissing) = (serving, true) }
        } catch {
            throw Failure("catalog.stateDirectory: a catalog of nothing could not be made: \(error)")
        }
    }

    private func lastGood() -> CatalogSnapshot? {
        guard let current = store.current else { return nil }
        guard current.source == source else {
            log.notice(
                "the catalog that was served last is another one, and is not served again",
                ["path": .string(current.source)])
            return nil
        }
        do {
            let snapshot = try map(current.name)
            try store.serve(current)
            return snapshot
        } catch {
            log.error("the catalog that was served last cannot be", ["cause": .error(error)])
            return nil
        }
    }

    private func map(_ name: String) throws -> CatalogSnapshot {
        let file = try MappedFile(store.path(of: name))
        return try CatalogSnapshot(validating: file.bytes, keptBy: file)
    }

    /// What a shard starts with.
    func prepare(shard: Int, _ ledger: NodeLedger) -> PreparedCatalog {
        guard let serving else { preconditionFailure("shards start after the catalog") }
        return prepare(serving, shard: shard, ledger)
    }

    /// What a shard decides with: its ads' notices come back to it.
    func prepare(_ serving: Serving, shard: Int, _ ledger: NodeLedger) -> PreparedCatalog {
        PreparedCatalog(
            serving, decisionSettings(shard: shard), ledger, models?.shadows, shard: shard, limit: patience)
    }

    /// The settings as one shard decides by them.
    func decisionSettings(shard: Int) -> DecisionSettings {
        var settings = decisions
        settings.notices = notices?.addresses(shard: shard)
        return settings
    }

    // MARK: While serving

    /// Asks the loading thread to read the files, changed or not.
    func wantReload() { Kernel.signal(wanted) }

    /// Waits until it is time to look at the files; true where somebody asked for a reload.
    func awaitReload() -> Bool {
        Kernel.awaitSignal(wanted, withinMilliseconds: Int32(clamping: settings.reload.wholeMilliseconds))
    }

    /// The compiled catalog as a mapped file of the node's own.
    func keep(_ compiled: CompiledCatalog) throws(Failure) -> CatalogSnapshot {
        do {
            let file = try store.keep(compiled.bytes, as: compiled.version.description)
            return try CatalogSnapshot(validating: file.bytes, keptBy: file)
        } catch {
            throw Failure("\(source): compiled, and not kept: \(error)")
        }
    }

    /// Writes down what is served, for the next start, and removes what nobody asks for any more.
    func noteServed(_ snapshot: CatalogSnapshot) throws(Failure) {
        do {
            try store.serve(.init(name: "\(snapshot.version)", source: source))
            let removed = try store.prune(
                servedBefore: Kernel.wallNow() - settings.retain, bytes: settings.retainBytes)
            if removed.crowded > 0 {
                log.warning(
                    "catalogs were removed before their time; what was decided with them cannot be replayed here",
                    ["removed": .integer(removed.crowded), "retainBytes": .integer(settings.retainBytes)])
            }
        } catch {
            throw Failure("catalog.stateDirectory: \(error)")
        }
    }

    /// - Parameter stamp: of the files that it was made of.
    func took(_ serving: Serving, _ stamp: CatalogStamp?) {
        sayUnknown(serving)
        state.withLock {
            let former = $0.serving?.snapshot.lineItemCount ?? 0
            $0.fewer = max(0, former - serving.snapshot.lineItemCount)
            $0.serving = serving
            $0.refused = nil
            $0.stamp = stamp
            $0.isMissing = false
        }
        counters.withLock { $0?.reloads.add() }
        judge()
    }

    /// Says how it stands, where no file was refused.
    func judge() {
        let isMissing = state.withLock { $0.isMissing }
        health.set("catalog", published?.health(isMissing: isMissing) ?? .ready)
    }

    /// The same catalog is served with other models.
    func took(_ serving: Serving) {
        sayUnknown(serving)
        state.withLock { $0.serving = serving }
    }

    /// The files say again what is served already.
    func foundUnchanged(_ stamp: CatalogStamp) {
        state.withLock {
            $0.refused = nil
            $0.stamp = stamp
        }
        judge()
    }

    func refuse(_ failure: Failure) {
        let shown = failure.shown
        state.withLock { ($0.refused, $0.failure) = (shown, failure) }
        counters.withLock { $0?.refusals.add() }
        health.set("catalog", .notice("the catalog on disk is refused, the last good one serves: \(shown)"))
        for line in failure.lines {
            log.error("catalog on disk refused, the last good one stays", ["cause": .string(line)])
        }
    }

    // MARK: What operators are told

    @_lifetime(json: copy json)
    func describe(_ json: inout JSONWriter) {
        json.beginObject()
        if let serving {
            json.field("version", "\(serving.snapshot.version)")
            json.field("lineItems", serving.snapshot.lineItemCount)
            json.field("ageSeconds", (Kernel.monotonicNow() - serving.since).nanoseconds / 1_000_000_000)
        }
        json.key("refused")
        if let refused { json.value(String(refused.prefix(Failure.describedBytes))) } else { json.null() }
        if let published {
            json.key("published")
            published.describe(&json)
        }
        if let models {
            json.key("models")
            models.describe(&json)
        }
        json.endObject()
    }

    func register(in catalogue: inout MetricsCatalogue) {
        models?.register(in: &catalogue)
        published?.follower.register(in: &catalogue)
        let reloads = catalogue.sharedCounter(
            "paceline_catalog_reloads_total", help: "Catalogs taken into use while serving.")
        let refusals = catalogue.sharedCounter(
            "paceline_catalog_refusals_total",
            help: "Catalogs on disk that were refused; the last good one stays in use.")
        counters.withLock { $0 = (reloads, refusals) }
        catalogue.computedGauge(
            "paceline_catalog_refused",
            help:
                "1 while the catalog on disk, or the one that is published, is refused and the last good one serves."
        ) { [self] in refused == nil ? 0 : 1 }
        catalogue.computedGauge(
            "paceline_catalog_checksum",
            help: "The CRC-32C of the catalog in use: the first eight digits of its version, as a number."
        ) { [self] in serving.map { Double($0.snapshot.version.rawValue >> 32) } }
        catalogue.computedGauge(
            "paceline_catalog_age_seconds", help: "For how long the catalog in use has been.", unit: .seconds
        ) { [self] in serving.map { Double((Kernel.monotonicNow() - $0.since).nanoseconds) / 1e9 } }
        catalogue.computedGauge("paceline_catalog_line_items", help: "Line items of the catalog in use.") {
            [self] in
            serving.map { Double($0.snapshot.lineItemCount) }
        }
        catalogue.computedGauge(
            "paceline_catalog_line_items_fewer",
            help:
                "Line items by which the catalog in use has fewer than the one before it; 0 where it has not."
        ) { [self] in Double(state.withLock { $0.fewer }) }
        catalogue.computedGauge(
            "paceline_catalog_bytes", help: "Length of the catalog in use, compiled.", unit: .bytes
        ) { [self] in serving.map { Double($0.snapshot.byteCount) } }
    }
}
