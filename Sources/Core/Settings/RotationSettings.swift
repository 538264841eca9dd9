// Regions in the settings of paceline-coordinator: who is in each, what it carries, and how it goes out of service and comes back.
public import Documents
public import Units

extension CoordinatorSettings {
    /// One region of the fleet.
    public struct Region: DocumentObject, Equatable {
        public internal(set) var name = ""
        public internal(set) var holders: [String] = []
        public internal(set) var carries = 1
        public internal(set) var probes: [Probe] = []

        package init() {}
    }

    /// Where somebody outside looks whether the region answers.
    public struct Probe: DocumentObject, Equatable {
        public internal(set) var address = IPAddress.loopback
        public internal(set) var port: UInt16 = 8_080
        public internal(set) var path = "/healthz"

        package init() {}
    }

    /// The hysteresis of a region.
    public struct Rotation: DocumentObject, Equatable {
        public internal(set) var suspect = Interval.seconds(10)
        public internal(set) var drain = Interval.seconds(30)
        public internal(set) var steady = Interval.seconds(60)
        public internal(set) var rejoin = Interval.seconds(120)

        package init() {}
    }
}

extension CoordinatorSettings.Region {
    package static let schema = Schema<Self>(
        "coordinator.regions[]",
        [
            .required("name", \.name, .name, example: "eu-west", "The region's name, as its nodes have it."),
            .required(
                "holders", \.holders, .list(of: .name, count: 1...64), example: ["broker-1"],
                "Which of `holders` are in it: its brokers, or its nodes where it has none."),
            .required(
                "requestsPerSecond", \.carries, .integer(1...1_000_000_000), example: 10_000,
                "What its nodes answer together. A region is taken out where the others have room for what it answers."
            ),
            .defaulted(
                "probes", \.probes, .list(of: .object, count: 0...16),
                "Where it is looked at from outside, as exchanges see it: one of them that answers is enough.",
                because: "Without any, nobody but an operator moves its traffic."),
        ])
}

extension CoordinatorSettings.Probe {
    package static let schema = Schema<Self>(
        "coordinator.regions[].probes[]",
        [
            .required(
                "address", \.address, .address, example: IPAddress.loopback,
                "An edge of the region, or one of its nodes."),
            .required(
                "port", \.port, .integer(1...65_535), example: 8_080,
                "Its port for plain HTTP."),
            .defaulted(
                "path", \.path, .addressPath,
                "What is asked for there. Any answer below 500 counts.",
                because:
                    "A node answers it as long as it lives, also while its region is out; behind the fleet's edges it is /n/NODE/healthz."
            ),
        ])
}

extension CoordinatorSettings.Rotation {
    package static let schema = Schema<Self>(
        "coordinator.rotation",
        [
            .defaulted(
                "suspectSeconds", \.suspect, .seconds(1...3_600),
                "Both signals have to fail for so long before a region's traffic moves.",
                because: "A broker or an edge restarts faster."),
            .defaulted(
                "drainSeconds", \.drain, .seconds(1...3_600),
                "A region without traffic is lost after so long.",
                because: "What was on its way has come."),
            .defaulted(
                "steadySeconds", \.steady, .seconds(5...86_400),
                "Both signals have to hold for so long before a region comes back.",
                because: "Several times what it takes to go, so that a link that flaps moves traffic once."),
            .defaulted(
                "rejoinSeconds", \.rejoin, .seconds(1...86_400),
                "How long a region that comes back takes from its first share to all of its traffic.",
                because: "Its caches fill, and its plans are made, while it has little."),
        ])
}
