export { type ExaminedConfig, examineConfig, type LoadedConfig, loadConfig, type Surroundings } from './load.ts';
export { meantName, nearestName } from './nearest-name.ts';
export { defaultDataDir, figuresIn, logPathOf, strayReplicaIn, userConfigPath } from './places.ts';
export {
  type ConfigLayers,
  type LayerName,
  type Origin,
  originText,
  type Problem,
  type ResolvedConfig,
  resolveConfig,
  type SettingsFile,
} from './resolve.ts';
export {
  type Config,
  SETTINGS,
  type Setting,
  type SettingRule,
  settingNames,
  settingRule,
  shownValue,
} from './settings.ts';
