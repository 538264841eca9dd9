// What a daemon's settings say of its log, in the log's own words.
public import Settings
public import Telemetry

extension LogFormat {
    public init(_ format: NodeSettings.Log.Format) {
        switch format {
        case .auto: self = .automatic
        case .text: self = .readable
        case .json: self = .json
        case .journald: self = .journal
        }
    }
}

extension LogLevel {
    public init(_ level: NodeSettings.Log.Level) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }
}
