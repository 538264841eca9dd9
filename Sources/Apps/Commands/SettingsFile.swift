// Reads a daemon's settings file, for whoever checks it and whoever starts on it.
public import Documents
public import Settings

public enum SettingsFile {
    /// A thousand times what a settings file takes: whatever is larger was named by mistake.
    public static let limitBytes = 4 * 1024 * 1024

    /// A line for each refusal, as compilers write theirs, so that editors find the place.
    public static func report(_ refused: DocumentRefused, in path: String) -> [String] {
        let name = InputFile.displayName(path)
        let lines = refused.refusals.map { "\(name):\($0)" }
        return refused.unreported == 0 ? lines : lines + ["\(name): and \(refused.unreported) more"]
    }

    /// What a body reads of a document at a path, or a failure that says all that is wrong with it.
    public static func refusing<Value>(
        _ path: String, _ body: () throws(DocumentRefused) -> Value
    ) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            throw Failure(report(error, in: path).joined(separator: "\n"))
        }
    }

    /// The settings of a node, or a failure that says all that is wrong with its file.
    public static func node(_ path: String) throws(Failure) -> NodeSettings {
        try read(path) { bytes throws(DocumentRefused) in try NodeSettings(bytes) }
    }

    /// Those of a broker.
    public static func broker(_ path: String) throws(Failure) -> BrokerSettings {
        try read(path) { bytes throws(DocumentRefused) in try BrokerSettings(bytes) }
    }

    /// Those of a coordinator.
    public static func coordinator(_ path: String) throws(Failure) -> CoordinatorSettings {
        try read(path) { bytes throws(DocumentRefused) in try CoordinatorSettings(bytes) }
    }

    private static func read<Settings>(
        _ path: String, _ settings: ([UInt8]) throws(DocumentRefused) -> Settings
    ) throws(Failure) -> Settings {
        let bytes = try InputFile.read(path, limit: limitBytes)
        do {
            return try settings(bytes)
        } catch {
            throw Failure((["the settings are refused"] + report(error, in: path)).joined(separator: "\n"))
        }
    }
}

extension Output {
    /// All that is wrong with a document: a line for each, or one object for programs.
    public mutating func print(_ refused: DocumentRefused, of path: String, asJSON: Bool) {
        guard asJSON else {
            for line in SettingsFile.report(refused, in: path) { print(line) }
            return
        }
        print([
            "file": .string(path), "valid": false, "refusals": .array(refused.refusals.map(\.tree)),
            "unreported": .number(refused.unreported),
        ])
    }
}
