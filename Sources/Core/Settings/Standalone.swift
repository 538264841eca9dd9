// The settings of a node that runs alone on a catalog, for whoever has no settings file yet: everything on loopback,
// everything that it keeps under one directory.
import Units

extension NodeSettings {
    /// What `paceline-node --standalone` serves with. Paths are absolute.
    ///
    /// - Parameter state: a directory that is there.
    public static func standalone(
        catalog: String, state: String, port: UInt16, adminPort: UInt16, shards: Int,
        models: String? = nil, profiles: String? = nil
    ) -> NodeSettings {
        var settings = NodeSettings()
        settings.node.name = "standalone"
        settings.node.region = "local"
        settings.shards = shards
        var listener = ListenerSettings()
        listener.port = port
        settings.listen = [listener]
        settings.admin.port = adminPort
        var source = CatalogSettings()
        source.path = catalog
        source.stateDirectory = "\(state)/catalog"
        // Whoever edits a catalog beside a node looks for the effect at once.
        source.reload = .seconds(1)
        settings.catalog = source
        if let models {
            var section = ModelSettings()
            (section.path, section.profiles) = (models, profiles)
            settings.models = section
        }
        var notices = NoticeSettings()
        notices.baseURL = "http://127.0.0.1:\(port)"
        notices.keyFile = "\(state)/notice-keys"
        settings.notices = notices
        var journal = JournalSettings()
        journal.directory = "\(state)/journal"
        // Whoever tries a catalog out asks why of any answer.
        journal.requestOneIn = 1
        settings.journal = journal
        // No load balancer has to notice that it leaves.
        settings.drain.notice = .zero
        return settings
    }
}
