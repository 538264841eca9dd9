// How often somebody may ask a coordinator's admin API, in its settings.
public import Documents

extension CoordinatorSettings {
    /// Of each identity, and of each address of those without one.
    public struct Rates: DocumentObject, Equatable {
        public internal(set) var readsPerSecond = 100
        public internal(set) var readBurst = 1_000
        public internal(set) var changesPerSecond = 20
        public internal(set) var changeBurst = 400

        /// What the dearest operation takes: whoever may ask at all may ask for it.
        public static let dearest = 20

        package init() {}
    }
}

extension CoordinatorSettings.Rates {
    package static let schema = Schema<Self>(
        "coordinator.rates",
        [
            .defaulted(
                "readsPerSecond", \.readsPerSecond, .integer(1...100_000),
                "How many questions come back each second. Most take one; the whole catalog, the ledger's check and the list of what was audited take more.",
                because: "A page of the console asks for less than ten in five seconds."),
            .defaulted(
                "readBurst", \.readBurst, .integer(dearest...1_000_000),
                "How many questions there are at most, for whoever has asked for none lately.",
                because: "A program that walks through a large catalog asks for a thousand things at a time."),
            .defaulted(
                "changesPerSecond", \.changesPerSecond, .integer(1...100_000),
                "How many changes come back each second. One of a thing takes two, as the whole catalog is compiled; an import, a file of things, a rollback and a package of models take 20; all others one.",
                because: "A change of a small catalog takes 15 ms of the leader, and all wait for each other."
            ),
            .defaulted(
                "changeBurst", \.changeBurst, .integer(dearest...1_000_000),
                "How many changes there are at most, for whoever has made none lately.",
                because: "Two hundred things, one after the other; who has more sends them as one file."),
        ])
}
