// One node's life: start all threads or none, watch over them, reload, drain. It runs on the main thread and
// serves nothing itself.
import Catalog
import Commands
import Decision
import Journal
import Kernel
import Ledger
import LedgerWire
import Reactor
import Serving
import Settings
import TLS
import Telemetry
import Units

/// The signals that a node knows.
enum Signals {
    static let stop: [Int32] = [Kernel.interruptSignal, Kernel.terminateSignal]
    static let reload = Kernel.hangUpSignal
    static let all = stop + [reload]
}

/// What all threads of a node share. Everything in it may be used by any thread.
final class NodeContext: Sendable {
    let settings: NodeSettings
    /// Those that this process may run on: the first of them are the shards'.
    let cores: [Int]
    /// How many shards the settings come to on this machine.
    let shards: Int
    let version: String
    let log: Log
    let health: Health
    let metrics: Metrics
    let keys: ServingKeys
    let certificates: Certificates
    let startedAt = Kernel.monotonicNow()
    let journals: Journals
    /// Nil where nobody collects them.
    let traces: DaemonTraces?
    /// Nil where nothing is decided.
    let catalogs: Catalogs?
    /// Nil where nothing is decided.
    let frequency: NodeFrequency?
    /// Nil where nobody tells of ads.
    let notices: NodeNotices?
    /// What earlier starts learnt of prices; nil where nothing is decided.
    let shading: ShadingRecall?
    /// Nil where nothing is spent.
    let money: NodeMoney?
    /// This start of the node, in its journals and in the name of every reservation.
    var session: UInt64 { money?.session ?? startSession }
    /// No two starts of one node begin in the same nanosecond.
    private let startSession = UInt64(bitPattern: Kernel.wallNow().nanoseconds)

    init(settings: NodeSettings, version: String) throws(Failure) {
        self.settings = settings
        health = Health(
            awaiting: ["listeners", "certificates"] + (settings.catalog == nil ? [] : ["catalog", "budgets"]))
        cores = Kernel.usableCores()
        shards = settings.shards == 0 ? cores.count : settings.shards
        self.version = version
        log = Log(
            to: .standardError(identifier: "paceline-node", format: LogFormat(settings.log.format)),
            level: LogLevel(settings.log.level),
            rate: LogRate(burst: settings.log.burstPerSite, interval: settings.log.perSiteInterval))
        certificates = try Certificates(DaemonSettings.node(settings).certificates)
        var catalogue = MetricsCatalogue()
        keys = ServingKeys(
            in: &catalogue, journal: settings.journal != nil, decisions: settings.catalog != nil,
            models: settings.models,
            shared: settings.frequency.shared != nil, notices: settings.notices != nil)
        traces = try settings.traces.map { [settings, version, log] traces throws(Failure) in
            try DaemonTraces(
                traces, daemon: "paceline-node", name: settings.node.name, region: settings.node.region,
                version: version, in: &catalogue, log)
        }
        journals = Journals(health)
        notices = try settings.notices.map { [shards] notices throws(Failure) in
            try NodeNotices(notices, shards: shards)
        }
        if let catalog = settings.catalog {
            let frequency = try NodeFrequency(settings, shards: shards)
            var decisions = DecisionSettings(settings)
            decisions.viewerSalt = frequency.salt
            catalogs = try Catalogs(
                catalog, decisions, notices, settings, health, log)
            self.frequency = frequency
            shading = ShadingRecall(shards: shards, at: Kernel.wallNow())
        } else {
            catalogs = nil
            frequency = nil
            shading = nil
        }
        if settings.catalog != nil, let journal = settings.journal {
            if let witness = journal.witness {
                do {
                    try JournalWitness.check(all: journal.directory, by: witness)
                } catch {
                    throw Failure("journal.directory: \(error)")
                }
            }
            money = try NodeMoney(journal.directory, isRemote: settings.ledger.issuer != nil, log)
        } else {
            money = nil
        }
        catalogs?.register(in: &catalogue)
        money?.register(in: &catalogue, settings.decision)
        if settings.ledger.issuer != nil { money?.registerIssuer(in: &catalogue) }
        log.register(in: &catalogue)
        certificates.register(in: &catalogue)
        catalogue.addProcessMetrics()
        catalogue.computedGauge(
            "paceline_shards", help: "Threads that answer, each on a core of its own where there are enough."
        ) { [shards] in Double(shards) }
        catalogue.computedGauge(
            "paceline_node_info", help: "Which node this is; always 1.",
            labels: [
                "node": settings.node.name, "region": settings.node.region, "version": version,
            ]
        ) { 1 }
        metrics = catalogue.freeze()
    }

    /// What a shard decides with; nil where nothing is decided.
    func shardDecisions(
        _ shard: Int, _ reactor: Reactor, metrics block: ShardMetrics, _ frequency: ShardFrequency?,
        _ journal: NodeJournal?
    ) -> ShardDecisions? {
        guard let catalogs, let ledger = money?.ledger, let journal, let keys = keys.decisions,
            let moneyKeys = self.keys.money, let shadingKeys = self.keys.shading,
            let pacingKeys = self.keys.pacing, let frequency
        else { return nil }
        var seeds = SystemRandomNumberGenerator()
        let catalog = catalogs.prepare(shard: shard, ledger)
        let money = ShardMoney(
            ledger, shard: shard, catalog.budgets, journal, reactor, MoneyMetrics(moneyKeys, block)
        ) { [self] in self.money?.noteReady(of: shards, health) }
        self.money?.keeper.hold(journal.journal, shard: shard)
        let recording = DecisionRecording(
            journal, oneIn: settings.journal?.requestOneIn ?? 0, catalogs.decisionSettings(shard: shard))
        let known = shading?.known(to: shard) ?? [:]
        let shading = ShardShading(settings.decision, journal, known, shadingKeys, block)
        let pacing = ShardPacing(ledger.pacing, catalog.pacing, shard: shard, reactor)
        return ShardDecisions(
            catalog, frequency, money, shading, pacing, seed: seeds.next(), reactor, settings.overload,
            metrics: DecisionMetrics(keys, block), self.keys.models.map { ModelMetrics($0, block) },
            self.keys.calibration.map {
                ShardCalibration(settings.models?.calibration ?? .zero, $0, block)
            },
            self.keys.shadows.map { ShardShadows(journal, $0, block, on: reactor) },
            PacingMetrics(pacingKeys, block),
            recording: recording, tracing: traces.map { ShardTracing($0.recorder(block)) })
    }

    /// What a shard makes of notices; nil where nobody sends any.
    func shardNotices(
        _ shard: Int, _ decisions: ShardDecisions?, _ frequency: ShardFrequency?, _ journal: NodeJournal?,
        _ reactor: Reactor, metrics block: ShardMetrics
    ) -> ShardNotices? {
        guard let notices, let decisions, let frequency, let keys = keys.notices else { return nil }
        return ShardNotices(
            shard: shard, notices, decisions, frequency, journal, NoticeMetrics(keys, block), on: reactor)
    }
}

struct Node: ~Copyable {
    private let context: NodeContext
    private let notifier = ServiceNotifier()
    private let log: Log

    init(settings: NodeSettings, version: String) throws(Failure) {
        context = try NodeContext(settings: settings, version: version)
        log = context.log
    }

    /// Serves until told to stop. True where it was, and everything in flight has finished in time.
    consuming func run() throws(Failure) -> Bool {
        let shards = context.shards
        raiseDescriptorLimit(shards: shards)
        // Whatever is no shard keeps off the shards' cores where there are others: the kernel would put it anywhere.
        if context.cores.count > shards { Kernel.keep(toCores: context.cores[shards...]) }
        try requireFreePorts()
        try context.catalogs?.start()
        try remember()
        try context.traces?.start()
        let threads = try ServingThreads(shards: shards, context)
        context.frequency?.forget()
        context.notices?.forget()
        context.shading?.removeAll()
        context.health.set("listeners", .ready)
        context.health.set("certificates", .ready)
        if let catalogs = context.catalogs, let money = context.money {
            catalogs.judge()
            try CatalogLoading(
                catalogs: catalogs, shards: threads.shards, journals: context.journals, money: money,
                log: log
            )
            .start()
            if let shadows = catalogs.models?.shadows, let keys = context.keys.shadows {
                try shadows.start(keys, in: context.metrics)
            }
            if let link = money.ledger.remote?.link, let traces = context.traces {
                link.record(by: traces.recorder(context.metrics.addShard()))
            }
            if let link = money.ledger.remote?.link, let keys = context.keys.models,
                let calibration = context.keys.calibration
            {
                try ModelTalk.start(catalogs, link, context.settings, keys, calibration, in: context.metrics)
            }
            if let link = money.ledger.remote?.link, let keys = context.keys.decisions {
                try NodeRegion.start(link, context, keys)
            }
            if let link = money.ledger.remote?.link { try NodeQuestions.start(link, context) }
            if let sets = catalogs.models, let shared = context.settings.models?.shared,
                let keys = context.keys.feed
            {
                try ProfileFeed.start(sets, shared, keys, in: context.metrics, context.health, log)
            }
        }
        log.info(
            "serving",
            [
                "node": .string(context.settings.node.name), "region": .string(context.settings.node.region),
                "shards": .integer(shards), "driver": .string(threads.driver),
                "listeners": .string(
                    context.settings.listen.map { "\($0.address):\($0.port)" }.joined(separator: " ")),
                "admin": .string("\(context.settings.admin.address):\(context.settings.admin.port)"),
            ])
        if let catalogs = context.catalogs, let serving = catalogs.serving {
            log.info(
                "answering bid requests",
                [
                    "catalog": .string(catalogs.source),
                    "version": .string("\(serving.snapshot.version)"),
                    "lineItems": .integer(serving.snapshot.lineItemCount),
                    "state": .string(catalogs.settings.stateDirectory),
                    "journal": .string(context.settings.journal?.directory ?? "none"),
                ])
        }
        if let fallback = threads.fallback {
            log.warning("io_uring is not available, so the node runs on epoll", ["cause": .error(fallback)])
        }
        notify { notifier throws(NotifyFailure) in try notifier.ready() }
        watch(threads)
        // Whoever supervises starts it anew, with another session.
        let isDue = context.money?.leaves != true
        return drain(threads) && isDue
    }

    /// One pass over what earlier starts have journaled, for all who go on from it.
    private func remember() throws(Failure) {
        guard let frequency = context.frequency, let money = context.money,
            let journal = context.settings.journal
        else { return }
        let began = Kernel.monotonicNow()
        let notices = context.notices?.recall
        let shading = context.shading
        let memory = JournalMemory(
            of: journal.directory,
            for: [frequency.remembered as any JournalListener, money.keeper.listener]
                + (notices.map { [$0] } ?? []) + (shading.map { [$0] } ?? []))
        let replay = frequency.remembered
        for trouble in memory.troubles {
            log.error(
                "a journal's segment could not be read to its end; what it held is not remembered",
                ["segment": .string(trouble.path), "cause": .string(trouble.reason)])
        }
        try money.open(context)
        guard memory.segments > 0 else { return }
        log.info(
            "the journals of earlier starts were read",
            [
                "segments": .integer(memory.segments), "records": .integer(memory.records),
                "impressions": .integer(replay.impressions), "counters": .integer(replay.counters),
                "subjects": .integer(replay.subjects),
                "notices": .integer(notices?.counted.count ?? 0),
                "shadedMarkets": .integer(shading?.markets ?? 0),
                "openReservations": .integer(money.ledger.opening.open.count),
                "marksInDoubt": .integer(money.ledger.opening.doubts.count),
                "tookMilliseconds": .integer(Int((Kernel.monotonicNow() - began).wholeMilliseconds)),
            ])
    }

    /// Until a signal asks to stop: reloads what changed, and tells the supervisor that all threads
    /// turn.
    private func watch(_ threads: borrowing ServingThreads) {
        let watchdog = ServiceNotifier.watchdogInterval()
        // Three times in the supervisor's interval, so that one late turn is no alarm; else for our own look.
        let pause = min(
            watchdog.map { Interval(nanoseconds: $0.nanoseconds / 3) } ?? .seconds(1), .seconds(1))
        while true {
            let signal = Kernel.nextSignal(of: Signals.all, withinMilliseconds: Int(pause.wholeMilliseconds))
            if let signal, Signals.stop.contains(signal) { return }
            if signal == Signals.reload {
                notify { notifier throws(NotifyFailure) in try notifier.reloading(at: Kernel.monotonicNow()) }
                reloadCertificates(evenUnchanged: true)
                context.catalogs?.wantReload()
                notify { notifier throws(NotifyFailure) in try notifier.ready() }
            }
            reloadCertificates(evenUnchanged: false)
            context.money?.followUp(context)
            if context.money?.leaves == true { return }
            if let standing = threads.standingStill(for: .seconds(5)) {
                context.health.set("threads", .failed("\(standing) does not turn"))
                log.error("a thread stands still", ["thread": .string("\(standing)")])
            } else {
                context.health.set("threads", .ready)
                if watchdog != nil { notify { notifier throws(NotifyFailure) in try notifier.watchdog() } }
            }
        }
    }

    private func reloadCertificates(evenUnchanged: Bool) {
        context.certificates.reload(evenUnchanged: evenUnchanged, log) {
            context.journals.noteReload(of: $0, refused: $1)
        }
    }

    private func drain(_ threads: consuming ServingThreads) -> Bool {
        let settings = context.settings.drain
        log.notice("draining", ["noticeMilliseconds": .integer(Int(settings.notice.wholeMilliseconds))])
        context.health.set("drain", .notReady("the node is leaving"))
        notify { notifier throws(NotifyFailure) in try notifier.stopping() }
        // Load balancers look again in their own time; a second signal says that nobody has to.
        _ = Kernel.nextSignal(of: Signals.stop, withinMilliseconds: Int(settings.notice.wholeMilliseconds))
        // The timeout counts from the signal: what the supervisor waits for is this and no more.
        let left = max(settings.timeout - settings.notice, .zero)
        let began = Kernel.monotonicNow()
        let abandoned = threads.drain(within: left)
        // Money first: what it does not give back waits for another start, and spans may be lost.
        context.money?.end(within: max(left - (Kernel.monotonicNow() - began), .zero))
        context.traces?.finish(within: left - (Kernel.monotonicNow() - began))
        if abandoned > 0 {
            log.warning("connections were cut at the end of the drain", ["connections": .integer(abandoned)])
        }
        log.info("stopped")
        return abandoned == 0
    }

    /// A connection is a descriptor; the default of 1,024 would end a node at its first busy minute.
    private func raiseDescriptorLimit(shards: Int) {
        let limit: Int
        do {
            limit = try Kernel.raiseDescriptorLimit()
        } catch {
            return log.warning("the limit of descriptors could not be raised", ["cause": .error(error)])
        }
        let wanted = shards * context.settings.limits.connectionsPerShard + Role.operatorsMost + 64
        if limit < wanted {
            log.warning(
                "fewer descriptors than connections may be open; raise LimitNOFILE or lower connectionsPerShard",
                ["allowed": .integer(limit), "wanted": .integer(wanted)])
        }
    }

    /// Shards share their ports, and so the kernel would let a second node share them too and take half of
    /// the connections of the first.
    private func requireFreePorts() throws(Failure) {
        let settings = context.settings
        let all = settings.listen.enumerated().map { ("listen[\($0)]", $1.address, $1.port) }
        for (path, address, port) in all + [("admin", settings.admin.address, settings.admin.port)] {
            guard let socket = SocketAddress(literal: address.description, port: port) else { continue }
            do {
                Kernel.close(try Kernel.listen(on: socket, backlog: 1, shared: false))
            } catch {
                throw Failure("\(path): could not listen on \(socket): \(error)")
            }
        }
    }

    private func notify(_ body: (ServiceNotifier) throws(NotifyFailure) -> Void) {
        do {
            try body(notifier)
        } catch {
            log.warning("the supervisor could not be told", ["cause": .error(error)])
        }
    }
}
